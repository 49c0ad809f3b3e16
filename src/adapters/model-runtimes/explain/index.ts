export { createModelExplainer } from './model-explainer.ts'
