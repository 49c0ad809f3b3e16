import { z } from 'zod'

/** The one file that makes a folder a project. */
export const projectFileName = 'devmlops.yaml'

/** Where something stands in the file: `['pipelines', 'train', 'steps', 0, 'inputs']`. */
export type ProjectPath = readonly (string | number)[]

/** Sections by name, as their schemas returned them. */
export type ParsedSections = Readonly<Record<string, unknown>>

/**
 * One top-level key of the project file, owned by a stage. This stage knows no section by name: composition hands the
 * list in.
 */
export interface SectionDefinition<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  readonly name: Name
  /**
   * What stands under the key. Use `z.strictObject`, so that a misspelt field is found; a section that may be left out
   * accepts `undefined` (`.prefault({})`). Descriptions of fields with a pattern are shown after "expected", so they are
   * written as a noun phrase: `Lower-case letters and digits`.
   */
  readonly schema: Schema
  /** One sentence: what the section is for. */
  readonly summary: string
  /**
   * The section as YAML text with its key, shown in the documentation and written by `init`. The examples of all
   * sections make one valid project, so the names in them agree.
   */
  readonly example: string
  /**
   * The other sections that `check` looks at. It runs when those and its own have no mistake, so that one mistake is
   * not told twice. Without this list it runs when no section has one.
   */
  readonly reads?: readonly string[]
  /** Finds names that point at nothing, such as a step's input that is no dataset. */
  check?(all: ParsedSections & { readonly [Key in Name]: z.output<Schema> }): readonly ReferenceIssue[]
}

/** Keeps the exact types of a section, so that `project.sections.data` is typed where it is used. */
export function defineSection<const Name extends string, Schema extends z.ZodType>(
  section: SectionDefinition<Name, Schema>,
): SectionDefinition<Name, Schema> {
  return section
}

/** A mistake that takes more than one place of the file to see. */
export interface ReferenceIssue {
  /** From the top of the file, section name first. */
  readonly path: ProjectPath
  /** What was found and what was expected, in lower case: `no dataset is called "flihgts"`. */
  readonly message: string
  readonly hint?: string
  /** Put the caret under the key instead of the value. */
  readonly target?: 'key' | 'value'
  /** The name that points at nothing and the names that exist: the nearest is suggested. */
  readonly unknown?: { readonly name: string; readonly known: readonly string[] }
}

/** One mistake in the project file, ready to be shown. */
export interface ProjectIssue {
  /** The file as it should be shown: relative to the working directory where it lies inside. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1, in UTF-16 units as editors do. */
  readonly column: number
  /** How many characters the caret underlines. */
  readonly length: number
  readonly path: ProjectPath
  readonly message: string
  readonly hint?: string
  /** The line before, the line, and the line after, as they stand in the file. */
  readonly snippet: readonly { readonly line: number; readonly text: string }[]
}

/** A `${NAME}` in a value of the file. Only names and places are kept, never what a variable holds. */
export interface VariableReference {
  readonly name: string
  readonly path: ProjectPath
  /** `devmlops.yaml:12:9` */
  readonly at: string
}

export interface Project<Sections = ParsedSections> {
  readonly name: string
  /** Absolute; what relative paths in the file are relative to. */
  readonly directory: string
  /** Absolute path of the project file. */
  readonly path: string
  /** SHA-256 of the file's bytes, in hexadecimal. */
  readonly digest: string
  /** Variables for every process that the project starts, still with their `${NAME}`. */
  readonly environment: Readonly<Record<string, string>>
  readonly sections: Sections
  readonly variables: readonly VariableReference[]
}

/** The parsed sections of a list of definitions, by name. */
export type SectionsOf<Definitions extends readonly SectionDefinition[]> = {
  readonly [Definition in Definitions[number] as Definition['name']]: z.output<Definition['schema']>
}

/** Keys that the project file has besides its sections. */
export const projectFields = {
  project: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)
    .meta({
      title: 'Project name',
      description: 'Lower-case letters, digits and hyphens, at most 63 characters',
    }),
  environment: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
        .meta({
          description: 'Letters, digits and underscores, not starting with a digit',
        }),
      z.string(),
    )
    .prefault({})
    .meta({
      title: 'Environment',
      description:
        'Variables for every process that the project starts; values may use ${NAME} or ${NAME:-default}',
    }),
}

/** Top-level keys that start with this are nobody's: a place for YAML anchors that several sections use. */
export const freeKeyPrefix = 'x-'
