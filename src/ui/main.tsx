import './zod-without-eval.ts'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { addressForMlflow } from './mlflow-address.ts'
import './tokens.css'
import './base.css'

// Before the page reads its address.
const address = addressForMlflow(location.hash)
if (address !== undefined) history.replaceState(null, '', address)

const container = document.getElementById('page')
if (container !== null) {
  createRoot(container).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
