export { loadGraph } from './graph-model.ts'
