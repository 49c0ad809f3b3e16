import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { config } from 'zod'
import { App } from './app.tsx'
import './tokens.css'
import './base.css'

// zod would try `new Function` to be faster; the page's content security policy forbids it, and rightly.
config({ jitless: true })

const container = document.getElementById('page')
if (container !== null) {
  createRoot(container).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
