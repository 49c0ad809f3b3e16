import { enableCompileCache } from 'node:module'

// Before anything else is loaded: with the cache, starting takes half the time.
enableCompileCache()
const { runProgram } = await import('./composition/run-program.ts')
process.exitCode = await runProgram(process.argv.slice(2))
