import { config } from 'zod'

// zod would try `new Function` to be faster; the page's content security policy forbids it, and rightly. The schemas of
// the contracts ask when they are made, so this must be the first module of the page.
config({ jitless: true })
