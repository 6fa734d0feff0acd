/** What something that was thrown says: the message of an error, and anything else as text. For logs and mistakes, not for clients. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
