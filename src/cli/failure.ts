/** What a person can do something about: one clear sentence, remedy included. Ends the command with status 1, or 2 for usage. */
export class Failure extends Error {
  readonly status: 1 | 2
  constructor(message: string, status: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.status = status
  }
}
