import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { buildPage } from './build-page.fixture.ts'
import { openBrowser, openPage } from './open-browser.fixture.ts'
import { startSmallProject, type SmallProject } from './small-project.fixture.ts'

const opened = await openBrowser()

describe('the page of an endpoint', { skip: typeof opened === 'string' ? opened : false }, () => {
  const browser = opened as Browser
  let project: SmallProject

  before(async () => {
    await buildPage()
    project = await startSmallProject()
    await project.addMonth(1)
    await project.addMonth(2)
    await project.train()
    await project.deploy()
  })
  after(async () => {
    await browser.close()
    await project.close()
  })

  const open = async (width = 1280) => {
    const opened = await openPage(browser, { width })
    await opened.page.goto(`${project.url}/endpoints/trips`)
    await opened.page.getByRole('heading', { name: 'trips', level: 1 }).waitFor()
    return opened
  }

  it('says what answers and why, and asks it for a row with its probability, the time it took and the reasons', async () => {
    const { page, complaints } = await open()
    await page.getByText(/v1 of trips answers, since .* by .*: first/).waitFor()
    const form = panel(page, 'Try it')
    await form.getByLabel('distance').fill('719')
    await form.getByLabel('origin').fill('OSL')
    await form.getByRole('button', { name: 'Predict' }).click()
    await form.getByText(/champion v1 answered in/).waitFor()
    assert.match(await form.locator('dl').innerText(), /probability\s+0\.\d{4}\s+label\s+[01]/)
    await form.getByRole('button', { name: 'Why?' }).click()
    await form.getByRole('row', { name: /^distance/ }).waitFor()

    await panel(page, 'Newest predictions').getByText('origin OSL').waitFor()
    await panel(page, 'Variants').getByRole('cell', { name: '1', exact: true }).waitFor()
    assert.deepEqual(complaints, [])
    await page.close()
  })

  it('shows what is wrong with a field at the field, and what the endpoint refused', async () => {
    const { page } = await open()
    const form = panel(page, 'Try it')
    await form.getByLabel('distance').fill('far')
    await form.getByRole('button', { name: 'Predict' }).click()
    await form.getByText(/is the text "far", but the field is a double/).waitFor()
    assert.equal(await form.getByLabel('distance').getAttribute('aria-invalid'), 'true')
    assert.equal(await form.getByLabel('origin').getAttribute('aria-invalid'), 'false')
    await panel(page, 'Last errors').getByText('rows[0].distance', { exact: true }).waitFor()
    await page.close()
  })

  it('gives the same request to programs, with the address of the process', async () => {
    const { page } = await open()
    const snippets = panel(page, 'Ask from a program')
    const predictions = `${await project.servingUrl()}/deployments/trips/predict`
    await snippets.getByText(predictions).waitFor()
    await snippets.getByRole('button', { name: 'tritonclient' }).click()
    await snippets.getByText('import tritonclient.http as triton').waitFor()
    await page.close()
  })

  it('shows variants side by side while a version is tried, and the command that goes back', async () => {
    const { page, complaints } = await open(800)
    await project.addMonth(3)
    await project.train()
    await project.tryVersion(2, 30)
    await page.getByRole('heading', { name: 'Canary: v2 against v1' }).waitFor()
    const variants = panel(page, 'Variants')
    await variants.getByRole('row', { name: /champion v1 70 %/ }).waitFor()
    await variants.getByRole('row', { name: /canary v2 30 %/ }).waitFor()
    await panel(page, 'Revisions').getByText('rollback --to 1').waitFor()
    const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    assert.equal(await page.evaluate(sideways), 0)
    assert.deepEqual(complaints, [])
    await page.close()
  })
})

function panel(page: Page, title: string) {
  return page.getByRole('region', { name: title, exact: true }).filter({ has: page.locator('h2') })
}
