import { z } from 'zod'
import { distinctSketchSchema } from './distinct-sketch.ts'
import { numberSketchSchema } from './number-sketch.ts'
import { versionProfileSchema } from './version-profile.ts'

/**
 * A profile as it is kept: with the sketches that two profiles are merged by, which nobody reads otherwise. Whoever parses it
 * as a `VersionProfile` leaves them behind. Profiles of older versions have none.
 */
export const storedProfileSchema = versionProfileSchema.extend({
  sketches: z
    .record(z.string(), z.object({ distinct: distinctSketchSchema, numbers: numberSketchSchema.optional() }))
    .optional(),
})
export type StoredProfile = Readonly<z.infer<typeof storedProfileSchema>>
