import chromium from '@sparticuz/chromium'
import { chromium as playwright, type Browser, type Page } from 'playwright-core'

/** The real browser of the npm package, or why it cannot start here. */
export async function openBrowser(): Promise<Browser | string> {
  try {
    // The package is made for functions that open one page and end; several pages need processes of their own.
    const args = chromium.args.filter((argument) => !/^--(single-process|no-zygote)$/.test(argument))
    return await playwright.launch({ executablePath: await chromium.executablePath(), args, headless: true })
  } catch (error) {
    return `Chromium does not start here: ${String(error).split('\n')[0]}`
  }
}

export interface WatchedPage {
  readonly page: Page
  /** What the browser complained about: scripts that failed, a breach of the content security policy. */
  readonly complaints: string[]
}

export async function openPage(
  browser: Browser,
  { width, dark = false }: { width: number; dark?: boolean },
): Promise<WatchedPage> {
  const page = await browser.newPage({
    viewport: { width, height: 800 },
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-US',
    reducedMotion: 'reduce',
  })
  page.setDefaultTimeout(8000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // An answer of 404 is told here too, and pages show it.
    if (message.type() === 'error' && !/status of 40/.test(message.text())) complaints.push(message.text())
  })
  return { page, complaints }
}
