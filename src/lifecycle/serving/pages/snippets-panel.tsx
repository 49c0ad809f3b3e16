import { useState } from 'react'
import { CodeBlock } from '#ui/kit/command'
import { Panel } from '#ui/kit/panel'
import { requestSnippets } from '../example-contract.ts'
import type { QuestionForm } from '../try-contract.ts'
import styles from './try.module.css'

/** Where the serving process listens when it is started without further words. */
const usualAddress = 'http://127.0.0.1:5001'

/** The same request for programs, with the real address. */
export function SnippetsPanel({ form }: { form: QuestionForm }) {
  const snippets = requestSnippets(form, { url: form.url ?? usualAddress, hasToken: form.needsKey })
  const [title, setTitle] = useState(snippets[0]?.title)
  const shown = snippets.find((snippet) => snippet.title === title) ?? snippets[0]
  return (
    <Panel
      title="Ask from a program"
      note={
        form.url === undefined
          ? 'The serving process does not run: the address is the usual one.'
          : form.needsKey
            ? 'The same row as in the OpenAPI document. DEVMLOPS_TOKEN, or a key of devmlops keys create, lets it in.'
            : 'The same row as in the OpenAPI document.'
      }
    >
      <div className={styles['tabs']}>
        {snippets.map((snippet) => (
          <button
            key={snippet.title}
            type="button"
            aria-pressed={snippet === shown}
            onClick={() => setTitle(snippet.title)}
          >
            {snippet.title}
          </button>
        ))}
      </div>
      {shown === undefined ? null : <CodeBlock key={shown.title} label={shown.title} text={shown.text} />}
    </Panel>
  )
}
