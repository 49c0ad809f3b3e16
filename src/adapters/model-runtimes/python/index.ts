export { askInterpreter, findInterpreter, type Interpreter } from './interpreter.ts'
export { createPythonRuntime, type PythonRuntimeOptions } from './python-runtime.ts'
