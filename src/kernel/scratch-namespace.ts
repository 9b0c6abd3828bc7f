/** Namespaces for one test: no two tests meet in one, and none is left behind. */
import type { TestContext } from 'node:test'
import { createNamespace, deleteNamespace, type Namespace } from './namespace.ts'

/** For `test(name, { skip: needsRoot }, …)`. */
export const needsRoot: string | false = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'

let made = 0

/** A namespace that ends with the test, however the test ends. */
export function scratchNamespace(t: TestContext, word: string): Namespace {
  made++
  const namespace = createNamespace(`sluice-test-${process.pid}-${made}-${word}`)
  t.after(() => {
    deleteNamespace(namespace.name)
    namespace.close()
  })
  return namespace
}
