export {
  changedTransitions,
  deriveAlerts,
  fingerprint,
  type AlertHistory,
  type Persistence,
} from './alert.ts'
export {
  judgeCanary,
  type CanaryDecision,
  type CanaryInput,
  type CanaryJudgement,
  type CanaryRows,
  type VariantTraffic,
} from './canary-judgement.ts'
export {
  alertSchema,
  alertTransitionSchema,
  columnDriftSchema,
  judgementSchema,
  windowSchema,
  type Alert,
  type AlertTransition,
  type CanaryPolicy,
  type ColumnDrift,
  type DriftSettings,
  type Judgement,
  type Monitor,
  type PerformanceRule,
  type RetrainingPolicy,
  type Window,
} from './contract.ts'
export { judgeDrift, type DriftInput } from './drift.ts'
export { driftJudgement, performanceJudgement, persistenceIn, type JudgementContext } from './judgement.ts'
export {
  judgePerformance,
  type LabelledRows,
  type PerformanceInput,
  type RealizedPerformance,
} from './realized-performance.ts'
export { decideRetraining, type RetrainingDecision, type RetrainingInput } from './retraining-policy.ts'
export { monitorsSection } from './section.ts'
export { kolmogorovSmirnov, wassersteinNormed } from './two-sample.ts'
export { closedWindows, windowAt } from './window.ts'
