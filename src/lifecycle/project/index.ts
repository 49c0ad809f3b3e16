export { checkProject, type ProjectBytes, type ProjectCheck } from './check-project.ts'
export {
  defineSection,
  projectFileName,
  type ParsedSections,
  type Project,
  type ProjectIssue,
  type ProjectPath,
  type ReferenceIssue,
  type SectionDefinition,
  type SectionsOf,
  type VariableReference,
} from './contract.ts'
export { editProject, type ProjectEdit } from './edit-project.ts'
export { findProject } from './find-project.ts'
export {
  exampleProject,
  lenientPlaces,
  projectJsonSchema,
  projectJsonSchemaFileName,
} from './project-json-schema.ts'
export { issuesOf, readProject, type ReadProjectOptions } from './read-project.ts'
export { readYaml } from './read-yaml.ts'
export { renderIssues, type RenderOptions } from './render-issues.ts'
export { resolveVariables, type VariableLookup, type VariableSource } from './variables.ts'
