export { columnProfileSchema, profileFrame, tableProfileSchema } from './column-profile.ts'
export type { CategoryProfile, ColumnProfile, NumberProfile, TableProfile } from './column-profile.ts'
export { mergeProfiles } from './merge-profiles.ts'
