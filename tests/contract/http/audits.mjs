// Runs the server audits of `graphql-http` against the address given and prints one JSON line for each.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const result = await audit.fn();
  if (result.response?.body && !result.response.bodyUsed) await result.response.body.cancel();
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status: result.status, reason: result.reason ?? null }));
}
