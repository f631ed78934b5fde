/** @returns documents of a Gateway on loopback that leads all to one Service, and of that Service */
export const edgeDocument = (gateway: string, port: number, service: string): string => `apiVersion: v1
kind: Service
metadata: { name: ${service} }
spec: { ports: [{ port: 80, targetPort: main }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${gateway} }
spec:
  gatewayClassName: selvage
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${gateway} }
spec:
  parentRefs: [{ name: ${gateway} }]
  rules: [{ backendRefs: [{ name: ${service}, port: 80 }] }]
`;
