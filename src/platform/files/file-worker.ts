import { parentPort } from 'node:worker_threads'
import { fail, toProblem } from '#contract/errors'
import { explainSystemError } from '../system-error.ts'
import { ownedBuffers, type FileTask } from './file-task.ts'
import { fileTasks } from './file-tasks.ts'
import type { FromWorker, ToWorker } from './task-pool.ts'

/** A thread that reads, cuts, hashes, packs and writes files; several tasks take turns in it where they wait. */
const port = parentPort ?? fail('internal', 'File tasks run in a thread.')
const running = new Map<number, { cancel: AbortController; answer?: PromiseWithResolvers<unknown> }>()

port.on('message', (message: ToWorker) => {
  const { id } = message
  if ('task' in message) void start(message)
  else if ('cancel' in message) {
    running.get(id)?.cancel.abort()
    running.get(id)?.answer?.reject(fromCancel())
  } else running.get(id)?.answer?.resolve(message.answer)
})

async function start({ id, task, input }: Extract<ToWorker, { task: unknown }>): Promise<void> {
  const entry: { cancel: AbortController; answer?: PromiseWithResolvers<unknown> } = {
    cancel: new AbortController(),
  }
  running.set(id, entry)
  try {
    const run = fileTasks[task] as FileTask<unknown, unknown>
    const output = await run(input, {
      signal: entry.cancel.signal,
      ask: (question) => {
        entry.answer = Promise.withResolvers<unknown>()
        send({ id, question })
        return entry.answer.promise
      },
    })
    send({ id, output })
  } catch (error) {
    send({ id, problem: toProblem(explainSystemError(error)) })
  } finally {
    running.delete(id)
  }
}

function send(message: FromWorker): void {
  const content = 'question' in message ? message.question : 'output' in message ? message.output : undefined
  port.postMessage(message, ownedBuffers(content))
}

function fromCancel(): Error {
  return new Error('cancelled')
}
