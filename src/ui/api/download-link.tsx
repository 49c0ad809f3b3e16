import type { ReactNode } from 'react'
import { useApi } from './api-provider.tsx'

/** A link that saves a file. With a token the bytes are fetched first, since a link cannot carry it. */
export function DownloadLink({
  href,
  fileName,
  children,
}: {
  href: string
  fileName: string
  children: ReactNode
}) {
  const { token } = useApi()
  const save = async (): Promise<void> => {
    const response = await fetch(href, { headers: { authorization: `Bearer ${token ?? ''}` } })
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await response.blob())
    link.download = fileName
    link.click()
    URL.revokeObjectURL(link.href)
  }
  return (
    <a
      href={href}
      download={fileName}
      onClick={(event) => {
        if (token === undefined) return
        event.preventDefault()
        void save()
      }}
    >
      {children}
    </a>
  )
}
