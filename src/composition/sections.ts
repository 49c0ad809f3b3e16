import { dataSection, remotesSection } from '#lifecycle/data/index'
import { evaluateForm, modelsSection } from '#lifecycle/evaluation/index'
import { featuresSection, joinForm, splitForm, splitsSection } from '#lifecycle/features/index'
import { monitorsSection } from '#lifecycle/monitoring/index'
import {
  createPipelinesSection,
  publishForm,
  runForm,
  sqlForm,
  type StepForm,
} from '#lifecycle/pipelines/index'
import { registerForm } from '#lifecycle/registry/index'
import { batchPredictForm, batchSection, deploymentsSection, servingSection } from '#lifecycle/serving/index'
import { trainForm } from '#lifecycle/training/index'

const stepForms = [
  sqlForm,
  runForm,
  publishForm,
  joinForm,
  splitForm,
  trainForm,
  evaluateForm,
  registerForm,
  batchPredictForm,
] as unknown as StepForm[]

/** What `devmlops init` writes: the sections' examples make one project, in which this pipeline is the middle. */
const pipelinesExample = `pipelines:
  train:
    parameters: { holdout_days: 28 }
    steps:
      prepare: # the last days are kept for evaluation
        sql: |
          CREATE TEMP TABLE edge AS
            SELECT max(ordered_at) - to_days(CAST($holdout_days AS INTEGER)) AS split FROM orders;
          CREATE TABLE training AS SELECT orders.* FROM orders, edge WHERE ordered_at < split;
          CREATE TABLE holdout AS SELECT orders.* FROM orders, edge WHERE ordered_at >= split;
        inputs: { orders: data.orders }
        outputs: [training, holdout]
      train:
        train:
          data: prepare.training
          label: returned
          features: { amount: number, country: category }
          seed: 1
          candidates:
            - { name: baseline, trainer: majority }
            - { name: linear, trainer: logistic-regression }
            - { name: trees, trainer: gradient-boosting, parameters: { trees: 100, leaves: 31 } }
      evaluate:
        evaluate: { candidates: train, data: prepare.holdout, model: returns }
      register:
        register: { evaluation: evaluate, model: returns }
`

/** What devmlops.yaml may hold, in the order of the loop. */
export const sections = [
  dataSection,
  remotesSection,
  featuresSection,
  splitsSection,
  createPipelinesSection(stepForms, pipelinesExample),
  modelsSection,
  deploymentsSection,
  servingSection,
  batchSection,
  monitorsSection,
] as const
