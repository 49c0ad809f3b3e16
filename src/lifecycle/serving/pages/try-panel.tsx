import { useId, useState, type FormEvent } from 'react'
import { DevmlopsError } from '#contract/errors'
import { useSend } from '#ui/api/use-send'
import { ErrorNotice } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { exampleRow } from '../example-contract.ts'
import { tryContract, type QuestionForm } from '../try-contract.ts'
import { AnswerView } from './answer-view.tsx'
import { fieldAt, typedRow, typedText, typeText, type QuestionField } from './question-fields.ts'
import { WhyView } from './why-view.tsx'
import styles from './try.module.css'

/** Asks the endpoint for one row, by the signature of what answers. */
export function TryPanel({ form, isRunning }: { form: QuestionForm; isRunning: boolean }) {
  const { inputs } = form.signature
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(() => textsOf(form))
  const [row, setRow] = useState<Readonly<Record<string, unknown>>>({})
  const [asked, ask] = useSend(tryContract.try)
  const error = asked.state === 'failed' ? asked.error : undefined
  const wrong = error instanceof DevmlopsError ? fieldAt(error.at, inputs) : undefined
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const row = typedRow(inputs, texts)
    setRow(row)
    void ask({ name: form.name, row })
  }
  return (
    <Panel
      title="Try it"
      note={`Asks the endpoint as anybody would: it is counted, and logged with the caller “page”. The first values are ${form.example === undefined ? 'of the right types, and mean nothing' : 'the row that was stored with the model'}.`}
    >
      <form onSubmit={submit} className={styles['form']} noValidate>
        <div className={styles['fields']}>
          {inputs.map((field) => (
            <Field
              key={field.name}
              field={field}
              text={texts[field.name] ?? ''}
              onChange={(text) => setTexts({ ...texts, [field.name]: text })}
              problem={
                field.name === wrong && error instanceof DevmlopsError
                  ? error.message.replace(/^rows\[0\]\./, '')
                  : undefined
              }
            />
          ))}
        </div>
        <div className={styles['actions']}>
          <button type="submit" className={styles['ask']} disabled={!isRunning || asked.state === 'waiting'}>
            {asked.state === 'waiting' ? 'Asking…' : 'Predict'}
          </button>
          {isRunning ? null : <span>The endpoint does not answer now.</span>}
        </div>
      </form>
      <div role="status">
        {asked.state === 'answered' ? (
          <>
            <AnswerView answer={asked.answer} />
            <WhyView
              key={asked.answer.prediction.id}
              name={form.name}
              row={row}
              version={asked.answer.prediction.version}
            />
          </>
        ) : null}
        {error === undefined || wrong !== undefined ? null : <ErrorNotice error={error} />}
      </div>
    </Panel>
  )
}

function textsOf(form: QuestionForm): Record<string, string> {
  return Object.fromEntries(Object.entries(exampleRow(form)).map(([name, value]) => [name, typedText(value)]))
}

function Field({
  field,
  text,
  onChange,
  problem,
}: {
  field: QuestionField
  text: string
  onChange: (text: string) => void
  problem: string | undefined
}) {
  const id = useId()
  const given = {
    id,
    value: text,
    required: field.required,
    'aria-invalid': problem !== undefined,
    'aria-describedby': `${id}-hint`,
  }
  return (
    <div className={styles['field']}>
      <label htmlFor={id} title={field.name}>
        {field.name}
      </label>
      {field.type === 'boolean' && field.shape === undefined ? (
        <select {...given} onChange={(event) => onChange(event.target.value)}>
          {field.required ? null : <option value="">missing</option>}
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : (
        <input
          {...given}
          type="text"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      <small id={`${id}-hint`} className={problem === undefined ? undefined : styles['problem']}>
        {problem ?? `${typeText(field)}${field.required ? '' : ', may be empty'}`}
      </small>
    </div>
  )
}
