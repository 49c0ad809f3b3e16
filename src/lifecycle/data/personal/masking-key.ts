import { createHash, createHmac } from 'node:crypto'
import { fail } from '#contract/errors'
import type { MaskingKey } from './masking.ts'

export const shortestMaskingKey = 16

const blockBytes = 64

/** @throws invalid_input for a key that can be guessed. */
export function createMaskingKey(secret: string): MaskingKey {
  if (secret.length < shortestMaskingKey) {
    fail('invalid_input', `The masking key has fewer than ${shortestMaskingKey} characters.`, {
      hint: 'Make one with: openssl rand -hex 32',
      at: 'DEVMLOPS_MASKING_KEY',
    })
  }
  const bytes = Buffer.from(secret, 'utf8')
  return {
    hash: (text) => createHmac('sha256', bytes).update(text, 'utf8').digest('hex'),
    lend: async (tables) => {
      // RFC 2104. As values of a statement, not in its text: a statement that fails is told to the user.
      const block = Buffer.alloc(blockBytes)
      const short = bytes.length > blockBytes ? createHash('sha256').update(bytes).digest() : bytes
      short.copy(block)
      const padded = (pad: number): string => Buffer.from(block.map((byte) => byte ^ pad)).toString('hex')
      await tables.run('SET VARIABLE masking_inner = unhex($1)', [padded(0x36)])
      await tables.run('SET VARIABLE masking_outer = unhex($1)', [padded(0x5c)])
    },
  }
}

/** The same hash of a text expression, in SQL. */
export function hashExpression(text: string): string {
  const inner = `sha256(getvariable('masking_inner') || encode(${text}))`
  return `sha256(getvariable('masking_outer') || unhex(${inner}))`
}
