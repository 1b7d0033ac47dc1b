import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './page.css';

const WELCOME = `# 五社联动平台 · GraphQL 查询页
#
# 左边写查询,按 Ctrl-Enter 运行,结果在右边。
# 左上角的书本图标是接口文档。
# 不带密钥时只能看到公开的内容;有 API 密钥时,
# 在下方 Headers(请求头)中填写 Bearer 和密钥:
#   { "Authorization": "Bearer flk_……" }
#
# Write a query, press Ctrl-Enter. An API key
# goes into Headers below, as shown above.

query UrgentNeeds {
  needs(first: 5) {
    totalCount
    edges {
      node {
        title
        priority
        quantity
        committed
        resourceType { label unit }
        community { name }
        matches(first: 3) {
          edges {
            node {
              score
              quantity
              offer { title available provider { name } }
              reasons { text }
            }
          }
        }
      }
    }
  }
}
`;

const HEADERS = '{\n  "Authorization": ""\n}\n';

async function fetcher(request, options) {
  const headers = { ...options?.headers };
  // The empty line of the template is no key.
  for (const name of Object.keys(headers)) if (!headers[name]) delete headers[name];
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      ...headers,
      accept: 'application/graphql-response+json, application/json;q=0.9',
      'content-type': 'application/json',
    },
    body: JSON.stringify(request),
  });
  return response.json();
}

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    defaultQuery={WELCOME}
    defaultHeaders={HEADERS}
    defaultEditorToolsVisibility="headers"
    defaultTheme="light"
    inputValueDeprecation
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
  >
    <GraphiQL.Logo>
      <a href="/graphql">五社联动 <em>Fivelink</em></a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
