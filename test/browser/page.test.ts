import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { buildPage } from './build-page.fixture.ts'
import { openBrowser, openPage } from './open-browser.fixture.ts'
import { startSmallProject, type SmallProject } from './small-project.fixture.ts'

const opened = await openBrowser()

describe('the web page in a real browser', { skip: typeof opened === 'string' ? opened : false }, () => {
  const browser = opened as Browser
  let project: SmallProject
  let runId = ''

  before(async () => {
    await buildPage()
    project = await startSmallProject()
  })
  after(async () => {
    await browser.close()
    await project.close()
  })

  it('teaches the first commands while there is nothing to show', async () => {
    const { page, complaints } = await openPage(browser, { width: 1280 })
    await page.goto(project.url)
    await page.getByRole('heading', { name: 'The loop', level: 1 }).waitFor()
    await station(page, 'Data').getByText('devmlops data add').waitFor()
    await page.goto(`${project.url}/runs`)
    await page.getByText('devmlops run train').waitFor()
    assert.deepEqual(complaints, [])
    await page.close()
  })

  it('shows what happens while it happens, without a reload', async () => {
    const { page, complaints } = await openPage(browser, { width: 1280 })
    await page.goto(project.url)
    await page.getByRole('status').getByText('Live', { exact: true }).waitFor()
    await page.evaluate('window.isTheSamePage = true')

    await project.addMonth(1)
    await station(page, 'Data').getByText('rows in trips v1').waitFor()
    await page.getByRole('link', { name: 'trips@1' }).waitFor()
    await project.addMonth(2)
    await station(page, 'Data').getByText('rows in trips v2').waitFor()
    await station(page, 'Data').getByText('3,000').waitFor()
    await project.addBrokenFile()
    await station(page, 'Data').getByText('Rejected').waitFor()

    runId = await project.train()
    await station(page, 'Pipelines').getByText('Succeeded').waitFor()
    await station(page, 'Pipelines').getByText('4 / 4').waitFor()
    await station(page, 'Evaluation').getByText('2 of 2 gates passed').waitFor()
    await station(page, 'Registry').getByText('v1', { exact: true }).waitFor()
    await project.deploy()
    await station(page, 'Serving').getByText('Ready').waitFor()

    assert.equal(await page.evaluate('window.isTheSamePage'), true)
    assert.deepEqual(complaints, [])
    await page.close()
  })

  it('leads from page to page by keyboard alone', async () => {
    const { page } = await openPage(browser, { width: 1280 })
    await page.goto(project.url)
    await page.getByRole('heading', { name: 'The loop' }).waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Skip to content')
    for (const expected of ['DevMLOps', 'Loop', 'Data', 'Pipelines', 'Runs']) {
      await page.keyboard.press('Tab')
      assert.equal(await focused(page), expected)
    }
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor()
    assert.equal(
      await page.evaluate('document.activeElement.id'),
      'content',
      'reading goes on at the new content',
    )
    assert.equal(await page.title(), 'Runs · DevMLOps')
    await page.goBack()
    await page.getByRole('heading', { name: 'The loop' }).waitFor()
    await page.close()
  })

  it('sorts runs by a metric, finds them by a parameter, and compares two', async () => {
    const { page } = await openPage(browser, { width: 1280 })
    await page.goto(`${project.url}/runs`)
    await page.getByRole('columnheader', { name: 'ROC AUC' }).getByRole('button').click()
    assert.equal(
      await page.getByRole('columnheader', { name: 'ROC AUC' }).getAttribute('aria-sort'),
      'descending',
    )
    assert.deepEqual(await page.locator('tbody tr td:nth-child(2)').allTextContents(), ['linear', 'baseline'])

    await page.getByRole('searchbox').fill('trainer=majority')
    assert.deepEqual(await page.locator('tbody tr td:nth-child(2)').allTextContents(), ['baseline'])
    await page.getByRole('searchbox').fill('')
    await page.getByRole('checkbox', { name: 'Compare linear' }).check()
    await page.getByRole('checkbox', { name: 'Compare baseline' }).check()
    await page.getByRole('button', { name: 'Compare 2' }).click()
    await page.getByRole('heading', { name: 'Compare 2 runs' }).waitFor()
    await page
      .getByRole('row', { name: /trainer/ })
      .getByText('logistic-regression')
      .waitFor()
    await page.close()
  })

  it('says why a step ran and what it printed', async () => {
    const { page } = await openPage(browser, { width: 1280 })
    await page.goto(`${project.url}/pipelines/runs/${runId}`)
    await page.getByRole('button', { name: /^prepare/ }).click()
    await page.getByRole('heading', { name: 'Why prepare ran' }).waitFor()
    await page
      .getByRole('table', { name: 'Outputs of prepare' })
      .getByRole('link', { name: 'training' })
      .waitFor()
    assert.match(page.url(), /\?step=prepare$/, 'the choice can be sent to a colleague')
    await page.close()
  })

  it('downloads what a run left', async () => {
    const { page } = await openPage(browser, { width: 1280 })
    await page.goto(`${project.url}/models/trips/versions/1`)
    const waiting = page.waitForEvent('download')
    await page.getByRole('link', { name: 'model.onnx' }).click()
    assert.equal((await waiting).suggestedFilename(), 'model.onnx')
    await page.close()
  })

  it('says what is not there, in the words of the server', async () => {
    const { page } = await openPage(browser, { width: 1280 })
    await page.goto(`${project.url}/no/such/page`)
    await page.getByRole('heading', { name: 'Nothing is here' }).waitFor()
    await page.goto(`${project.url}/models/nobody`)
    await page.getByRole('alert').getByText('nobody').waitFor()
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Models' }).click()
    await page.getByRole('link', { name: 'trips', exact: true }).waitFor()
    await page.close()
  })

  it('fits a narrow window, names its parts, and breaks no rule of the browser, on every page', async () => {
    const { page, complaints } = await openPage(browser, { width: 800, dark: true })
    for (const [path, heading] of addresses(runId)) {
      await page.goto(`${project.url}${path}`)
      await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
      await page.getByText('Loading', { exact: true }).first().waitFor({ state: 'detached' })
      assert.deepEqual(await faultsOf(page), [], path)
    }
    assert.deepEqual(complaints, [])
    await page.close()
  })
})

function addresses(runId: string): [path: string, heading: string | RegExp][] {
  return [
    ['/', 'The loop'],
    ['/data', 'Data'],
    ['/data/trips', 'trips'],
    ['/data/trips/versions/2', 'trips v2'],
    ['/data/trips/diff/1/2', 'trips: v1 to v2'],
    ['/pipelines', 'Pipelines'],
    [`/pipelines/runs/${runId}`, /^train/],
    ['/runs', 'Runs'],
    ['/models', 'Models'],
    ['/models/trips', 'trips'],
    ['/models/trips/versions/1', 'trips v1'],
    ['/endpoints', 'Endpoints'],
    ['/endpoints/trips', 'trips'],
  ]
}

function station(page: Page, title: string) {
  return page
    .locator('ol > li')
    .filter({ has: page.locator(`a:has(> span:first-child > span:text-is("${title}"))`) })
}

/** The name of what has the focus, as a screen reader says it. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(
    `(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).split(',')[0].trim()`,
  )
}

/** Faults that a page may not have: sideways scrolling, and parts without a name. */
async function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const faults = []
    const root = document.documentElement
    if (root.scrollWidth > root.clientWidth) faults.push('scrolls sideways by ' + (root.scrollWidth - root.clientWidth))
    const all = (selector) => [...document.querySelectorAll(selector)]
    if (all('h1').length !== 1) faults.push(all('h1').length + ' main headings')
    for (const table of all('table')) if (table.querySelector('thead th') === null) faults.push('a table without headers')
    for (const image of all('svg[role=img]')) if (!image.getAttribute('aria-label')) faults.push('a drawing without a name')
    for (const button of all('button, a')) {
      if ((button.getAttribute('aria-label') ?? button.textContent).trim() === '') faults.push('a nameless ' + button.outerHTML.slice(0, 80))
    }
    for (const field of all('input, select')) {
      if (!field.getAttribute('aria-label') && field.labels.length === 0) faults.push('a field without a label')
    }
    return faults
  })()`)
}
