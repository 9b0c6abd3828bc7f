// Runs one of bench/*.ts by name, or says which there are. They measure and print; none of them asserts a time.
import { readdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [name, ...rest] = process.argv.slice(2)
const names = readdirSync('bench')
  .filter(file => file.endsWith('.ts'))
  .map(file => file.slice(0, -'.ts'.length))
if (!names.includes(name)) {
  console.error(`bench: npm run bench -- ${names.join(' | ')}`)
  process.exit(2)
}
process.argv = [process.argv[0], `bench/${name}.ts`, ...rest]
await import(pathToFileURL(`bench/${name}.ts`).href)
