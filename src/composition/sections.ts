import { dataSection } from '#lifecycle/data/index'
import { evaluateForm, modelsSection } from '#lifecycle/evaluation/index'
import { monitorsSection } from '#lifecycle/monitoring/index'
import { createPipelinesSection, runForm, sqlForm, type StepForm } from '#lifecycle/pipelines/index'
import { registerForm } from '#lifecycle/registry/index'
import { batchPredictForm, deploymentsSection } from '#lifecycle/serving/index'
import { trainForm } from '#lifecycle/training/index'

const stepForms = [
  sqlForm,
  runForm,
  trainForm,
  evaluateForm,
  registerForm,
  batchPredictForm,
] as unknown as StepForm[]

/** What devmlops.yaml may hold, in the order of the loop. */
export const sections = [
  dataSection,
  createPipelinesSection(stepForms),
  modelsSection,
  deploymentsSection,
  monitorsSection,
] as const
