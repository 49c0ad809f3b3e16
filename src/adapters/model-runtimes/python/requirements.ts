import { createHash } from 'node:crypto'
import { minorOf } from './interpreter.ts'

/** What an environment is built from. Equal requirements share an environment. */
export interface Requirements {
  /** Files for pip, by name; `requirements.txt` and what it may refer to. */
  readonly files: Readonly<Record<string, string>>
  /** Names the folder of the environment. */
  readonly key: string
}

const requirementsFile = 'requirements.txt'
export const requirementFiles = [requirementsFile, 'constraints.txt'] as const

/** The requirements that were logged with the model, with MLflow itself, which loads it, where they leave it out. */
export function readRequirements(
  logged: Readonly<Record<string, string>>,
  { python, mlflow }: { python: string; mlflow: string | undefined },
): Requirements {
  const lines = (logged[requirementsFile] ?? '').split(/\r?\n/).map((line) => line.trim())
  const named = lines.some((line) => /^mlflow(?:-skinny)?\s*(?:\[|[=<>!~;@]|$)/i.test(line))
  const own = named ? [] : [mlflow === undefined ? 'mlflow' : `mlflow==${mlflow}`]
  const files: Record<string, string> = {
    ...logged,
    [requirementsFile]: `${[...lines.filter((line) => line !== ''), ...own].join('\n')}\n`,
  }
  const facts = [
    minorOf(python),
    process.platform,
    process.arch,
    ...Object.keys(files)
      .toSorted()
      .flatMap((name) => [name, files[name] ?? '']),
  ]
  const key = createHash('sha256').update(facts.join('\0')).digest('hex').slice(0, 24)
  return { files, key }
}
