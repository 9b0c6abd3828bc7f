/** "Did you mean": the known word that a mistyped one is closest to. */

/**
 * The candidate with the smallest edit distance, or undefined if none is close: one edit in a word of up to four
 * letters, two up to eight, three beyond. Swapped neighbours are one edit; case and `-` for `_` are none.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word)
  let best: string | undefined
  let bestDistance = wanted.length <= 4 ? 1 : wanted.length <= 8 ? 2 : 3
  for (const candidate of candidates) {
    const known = plain(candidate)
    if (Math.abs(known.length - wanted.length) > bestDistance) continue
    const distance = editDistance(wanted, known)
    if (distance > bestDistance || (distance === bestDistance && best !== undefined)) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll('-', '_')
}

/** Insertions, deletions, substitutions and swaps of neighbours that make one word of the other (Damerau, restricted). */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
