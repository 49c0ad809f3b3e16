import { z } from 'zod'

/** Names become parts of URLs, metric labels and folders, so they are kept to what all three allow. */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'use letters, digits, ".", "_" and "-", at most 100, starting with a letter or digit',
  )
