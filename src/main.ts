import { useBundledPackages } from './composition/bundled-packages.ts'

// Before anything else is loaded.
useBundledPackages()
const { runProgram } = await import('./composition/run-program.ts')
process.exitCode = await runProgram(process.argv.slice(2))
