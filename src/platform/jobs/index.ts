export type { Job, JobState } from './job.ts'
export { createJobs, type JobContext, type JobKind, type Jobs } from './jobs.ts'
export { jobMigrations } from './tables.ts'
