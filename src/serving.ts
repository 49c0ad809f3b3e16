import { enableCompileCache } from 'node:module'

enableCompileCache()
const { runServingProcess } = await import('./composition/run-serving.ts')
await runServingProcess()
