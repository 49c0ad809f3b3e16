import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import {
  freeKeyPrefix,
  projectFields,
  type ParsedSections,
  type Project,
  type ProjectIssue,
  type ReferenceIssue,
  type SectionDefinition,
} from './contract.ts'
import { explainIssues, unwritten } from './explain-issue.ts'
import { nearestName } from '#platform/nearest-name'
import { nameHint, type Mistake } from './mistake.ts'
import { spanAt } from './node-places.ts'
import { conflictFindings, decodeSource, issueOf, type Finding, type SourceText } from './source-text.ts'
import { variablesIn } from './variables.ts'
import { foundWords } from './wording.ts'
import { parseYaml, type YamlDocument } from './yaml-document.ts'

/** More mistakes than this are counted and not shown: nobody reads them at once. */
const maxShownIssues = 20
/** Explaining and finding the place take time, and a file of a mebibyte can have a mistake in every line. */
const maxPlacedIssues = 200

export interface ProjectBytes {
  readonly path: string
  /** How the file is named in messages. */
  readonly file: string
  readonly bytes: Uint8Array
}

export interface ProjectCheck {
  /** Undefined when there are issues. */
  readonly project: Project | undefined
  /** In the order of the file, at most 20. */
  readonly issues: readonly ProjectIssue[]
  /** How many more there are. */
  readonly omitted: number
}

/** Checks a project file against its sections and returns every mistake in it, or the project. */
export function checkProject(input: ProjectBytes, sections: readonly SectionDefinition[]): ProjectCheck {
  const { source, findings } = decodeSource(input.file, input.bytes)
  if (findings.length > 0) return failed(source, findings)
  const conflicts = conflictFindings(source)
  if (conflicts.length > 0) return failed(source, conflicts)
  const yaml = parseYaml(source)
  if (!('document' in yaml) || yaml.value === undefined) return failed(source, yaml.findings)
  const { value } = yaml
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return failed(source, [notAProject(value)])
  }
  const { parsed, mistakes, skipped } = checkSections(withoutEmptySections(value, sections), sections)
  const placed = mistakes.slice(0, maxPlacedIssues)
  const found = [...yaml.findings, ...placed.map((mistake) => findingOf(yaml, mistake))]
  if (found.length > 0 || parsed === undefined) {
    return failed(source, found, skipped + mistakes.length - placed.length)
  }

  const { project: name, environment, ...rest } = parsed
  const path = resolve(input.path)
  const project: Project = {
    name: String(name),
    directory: dirname(path),
    path,
    digest: createHash('sha256').update(input.bytes).digest('hex'),
    environment: environment as Readonly<Record<string, string>>,
    sections: rest,
    variables: variablesIn(source, yaml.document),
  }
  return { project, issues: [], omitted: 0 }
}

/** The schema of the whole file: its own fields and the sections handed in. */
export function projectSchema(sections: readonly SectionDefinition[]): z.ZodObject {
  return z.strictObject({
    ...projectFields,
    ...Object.fromEntries(sections.map((section) => [section.name, section.schema])),
  })
}

interface SectionsCheck {
  readonly parsed: ParsedSections | undefined
  readonly mistakes: readonly Mistake[]
  /** Issues that were counted only. */
  readonly skipped: number
}

function checkSections(value: unknown, sections: readonly SectionDefinition[]): SectionsCheck {
  const schema = projectSchema(sections)
  const result = schema.safeParse(value, { error: () => unwritten })
  const issues = result.error?.issues ?? []
  const explained = explainIssues(issues.slice(0, maxPlacedIssues), { schema, base: [], value })
  const parsed = result.data ?? parsedAlone(value, sections)
  const broken = new Set(issues.map((issue) => issue.path[0]))
  const references = sections.flatMap((section) => {
    const read = [section.name, ...(section.reads ?? sections.map((other) => other.name))]
    if (section.check === undefined || read.some((name) => broken.has(name))) return []
    return section.check(parsed).map(referenceMistake)
  })
  const skipped = Math.max(0, issues.length - maxPlacedIssues)
  return { parsed: result.data, mistakes: [...explained, ...references], skipped }
}

/** The sections without a mistake, so that they can be checked although others have one. */
function parsedAlone(value: unknown, sections: readonly SectionDefinition[]): ParsedSections {
  const parsed = sections.map((section) => {
    const own = (value as Readonly<Record<string, unknown>>)[section.name]
    return [section.name, section.schema.safeParse(own).data] as const
  })
  return Object.fromEntries(parsed)
}

function referenceMistake({ path, message, hint, target = 'value', unknown }: ReferenceIssue): Mistake {
  const meant = unknown === undefined ? undefined : nearestName(unknown.name, unknown.known)
  const nearest = nameHint(meant, hint === undefined ? (unknown?.known ?? []) : [])
  return { path, target, message, hint: [nearest, hint].filter(Boolean).join(' ') || undefined }
}

/** A section whose lines are all commented out is a section left out; keys for anchors belong to nobody. */
function withoutEmptySections(value: object, sections: readonly SectionDefinition[]): object {
  const names = new Set(['environment', ...sections.map((section) => section.name)])
  const kept = Object.entries(value).filter(
    ([name, held]) => !name.startsWith(freeKeyPrefix) && !(held === null && names.has(name)),
  )
  return Object.fromEntries(kept)
}

function notAProject(value: unknown): Finding {
  const span = { start: 0, end: 1 }
  const hint = 'Run `devmlops init` in an empty folder to see how a project file looks.'
  if (value === null) return { span, message: 'the file is empty, expected at least "project: name"', hint }
  return {
    span,
    message: `found ${foundWords(value)}, expected a mapping that starts with "project: name"`,
    hint,
  }
}

function findingOf(yaml: YamlDocument, { path, caret, target, message, hint }: Mistake): Finding {
  const span = spanAt(yaml.document, caret ?? path, target)
  return { span, path, message, ...(hint === undefined ? {} : { hint }) }
}

function failed(source: SourceText, findings: readonly Finding[], skipped = 0): ProjectCheck {
  // An anchor used in several places makes the same mistake at the same place several times.
  const distinct = new Map<string, Finding>()
  for (const finding of findings) {
    const key = `${finding.span.start} ${finding.message}`
    if (!distinct.has(key)) distinct.set(key, finding)
  }
  const ordered = [...distinct.values()].sort((left, right) => left.span.start - right.span.start)
  const issues = ordered.slice(0, maxShownIssues).map((finding) => issueOf(source, finding))
  return { project: undefined, issues, omitted: ordered.length - issues.length + skipped }
}
