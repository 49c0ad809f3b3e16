export { createJobs, type Job, type JobContext, type JobKind, type Jobs, type JobState } from './jobs.ts'
export { jobMigrations } from './tables.ts'
