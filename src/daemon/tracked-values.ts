/** The numbers in tracked files, as far as anybody asks for them. */
import type { TrackedFile } from '../model/script.ts'

export type Follow = (
  file: TrackedFile,
  onValue: (value: number) => void,
) => { readonly value: number; readonly close: () => void }

interface Followed {
  value: number
  readonly close: () => void
}

export class TrackedValues {
  readonly #follow: Follow
  #files = new Map<string, Followed>()

  constructor(follow: Follow) {
    this.#follow = follow
  }

  /** `onChange` gets the name of the file whose number is another. */
  configure(files: readonly TrackedFile[], onChange: (name: string) => void): void {
    this.close()
    for (const file of files) {
      const { value, close } = this.#follow(file, changed => {
        const followed = this.#files.get(file.name)
        if (followed === undefined || followed.value === changed) return
        followed.value = changed
        onChange(file.name)
      })
      this.#files.set(file.name, { value, close })
    }
  }

  /** 0 for a file that nobody wrote yet, as keepalived has it. */
  value(name: string): number {
    return this.#files.get(name)?.value ?? 0
  }

  close(): void {
    for (const { close } of this.#files.values()) close()
    this.#files = new Map()
  }
}
