export { askInterpreter } from './interpreter.ts'
export { createPythonRuntime, type PythonRuntimeOptions } from './python-runtime.ts'
