import { AccessLogLine } from '#telemetry/access-log-line.ts';
import { sampleRecord } from '#telemetry/sample-record.ts';
import { measureAll } from '../measure.ts';
const line = new AccessLogLine();
const cut = (t: string) => Buffer.from('xx'+t+'yy','latin1').latin1Slice().slice(2,2+t.length);
const UA='Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const recs = Array.from({length:1024},(_,i)=>sampleRecord({target: cut('/cart/items/'+i), fields:['accept','*/*','user-agent',cut(UA)]}));
let n=0; const next=()=>recs[n=(n+1)&1023]!;
console.log(line.format(next()).length);
const buf=Buffer.alloc(1<<17); let off=0;
let text='';
measureAll({
 'format': ()=>line.format(next()),
 'format+latin1Write per line': ()=>{ const l=line.format(next()); if(off+l.length>buf.length) off=0; off+=buf.latin1Write(l,off); },
 'format+rope+Buffer.from': ()=>{ text+=line.format(next()); if(text.length>65536){ const b=Buffer.from(text,'latin1'); text=''; return b} return 0},
 'format+rope+latin1Write': ()=>{ text+=line.format(next()); if(text.length>65536){ buf.latin1Write(text,0); text=''; } },
 'format+flatten each (charCodeAt-ish via Number)': ()=>{ const l=line.format(next()); return l.charCodeAt(5)},
});
const a: string[]=[];
measureAll({'array join per batch': ()=>{ a.push(line.format(next())); if(a.length>150){ const b=Buffer.from(a.join(''),'latin1'); a.length=0; return b} return 0}});
