/** How a piece of text stands out; plain where colours are off. */
export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'
