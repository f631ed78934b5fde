/** The fields of package.json that publishing reads. */
export type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly type: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

/**
 * Makes the manifest of the published package from the project's own.
 *
 * It names what it takes, so that a new private field is not published by accident: the pin of the runtime above all,
 * which would bring its own Node to every user.
 */
export function publishedManifest(project: Manifest): object {
  const { name, version, description, license, type, bin, dependencies } = project;
  return {
    name,
    version,
    description,
    license,
    type,
    bin,
    imports: Object.fromEntries(Object.entries(project.imports).map(toEmitted)),
    // No API is public yet: what is not named here cannot be imported from outside.
    exports: { './package.json': './package.json' },
    files: ['bin', 'dist', 'CHANGELOG.md'],
    engines: { node: '>=26' },
    dependencies,
  };
}

/** Emitted code keeps `#base/x.ts`: such a specifier now means the JavaScript file of that name. */
function toEmitted([specifier, path]: readonly [string, string]): [string, string] {
  return [`${specifier}.ts`, `${path.replace('./src/', './dist/')}.js`];
}
