#include "gateway/composer/explorer.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr auto content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr auto page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Power Share: Composer-compatible API</title>
<link rel="stylesheet" href="/explorer/v1/style.css">
</head>
<body>
<main>
<h1>Composer-compatible API</h1>
<p>These routes are for programs that were made for the former server. The API of this system itself
is <a href="/explorer/v1">/v1</a>.</p>
<p id="about">Reading the description…</p>
<p><label>API key <input id="key" type="password" autocomplete="off"></label></p>
<div id="operations"></div>
</main>
<script src="/explorer/composer.js"></script>
</body>
</html>
)";

constexpr auto script = R"('use strict';

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

// What a body may look like: every property of the definition that its schema names.
function example(schema, definitions) {
  if (!schema || !schema.$ref) return '{}';
  const definition = definitions[schema.$ref.split('/').pop()];
  const made = {};
  for (const [name, property] of Object.entries(definition.properties)) {
    if (name === 'transactionId' || name === 'timestamp') continue;
    if ('default' in property) made[name] = property.default;
    else if (property.enum) made[name] = property.enum[0];
    else made[name] = property.type === 'number' ? 0 : '';
  }
  return JSON.stringify(made, null, 2);
}

async function send(base, method, path, inputs, output) {
  let target = path;
  let body;
  const query = new URLSearchParams();
  const headers = {accept: 'application/json'};
  for (const [parameter, input] of inputs) {
    if (parameter.in === 'body') {
      body = input.value;
      headers['content-type'] = 'application/json';
    } else if (parameter.in === 'path') {
      target = target.replace('{' + parameter.name + '}', encodeURIComponent(input.value));
    } else if (input.value !== '') {
      query.set(parameter.name, input.value);
    }
  }
  const key = document.getElementById('key').value;
  if (key !== '') headers['x-api-key'] = key;
  const search = query.toString();
  output.textContent = '…';
  try {
    const answer = await fetch(base + target + (search === '' ? '' : '?' + search),
                               {method: method.toUpperCase(), headers, body});
    output.textContent = answer.status + ' ' + answer.statusText + '\n\n' + await answer.text();
  } catch (error) {
    output.textContent = String(error);
  }
}

function show(description, method, path, operation) {
  const box = element('details');
  const head = element('summary');
  head.append(element('b', method.toUpperCase()), ' ' + path);
  box.append(head, element('p', operation.summary));
  const inputs = [];
  for (const parameter of operation.parameters) {
    const label = element('label', parameter.name);
    const input = element(parameter.in === 'body' ? 'textarea' : 'input');
    if (parameter.in === 'body') input.value = example(parameter.schema, description.definitions);
    label.append(input);
    box.append(label);
    inputs.push([parameter, input]);
  }
  const output = element('pre');
  const button = element('button', 'Try it out');
  button.addEventListener('click', () => {
    send(description.basePath, method, path, inputs, output);
  });
  box.append(button, output);
  return box;
}

async function main() {
  const settings = await (await fetch('/explorer/config.json')).json();
  const description = await (await fetch(settings.url)).json();
  document.getElementById('about').textContent =
      description.info.title + ', base URL ' + description.basePath;
  const list = document.getElementById('operations');
  for (const tag of description.tags) {
    const group = element('details');
    group.append(element('summary', tag.name + ': ' + tag.description));
    for (const [path, methods] of Object.entries(description.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.tags.includes(tag.name)) {
          group.append(show(description, method, path, operation));
        }
      }
    }
    list.append(group);
  }
}

main().catch((error) => {
  document.getElementById('about').textContent = String(error);
});
)";

net::HttpResponse file(std::string_view content_type, std::string_view body) {
  net::HttpResponse response;
  response.content_type = content_type;
  response.body = body;
  response.headers = {{"Cache-Control", "max-age=300"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Content-Security-Policy", content_security_policy}};
  return response;
}

net::HttpResponse moved(std::string_view location) {
  net::HttpResponse response;
  response.status = 301;
  response.content_type = "text/html; charset=utf-8";
  response.body = "Redirecting to " + std::string(location);
  response.headers = {{"Location", std::string(location)}};
  return response;
}

/// "31.415": seconds with milliseconds.
std::string seconds(std::int64_t ms) {
  auto rest = std::to_string(ms % 1000);
  rest.insert(0, 3 - rest.size(), '0');
  return std::to_string(ms / 1000) + "." + rest;
}

}  // namespace

bool answer_page(const Context& context, const Exchange& exchange) {
  const auto& path = exchange.http.path;
  if (path == "/status" || path == "/status/") {
    const auto uptime_ms = context.ports().clock().value - context.started_at.value;
    exchange.send_json(R"({"started":")" + context.started + R"(","uptime":)" + seconds(uptime_ms) +
                       "}");
    return true;
  }
  if (path == "/explorer") {
    exchange.send(moved("/explorer/"));
  } else if (path == "/explorer/") {
    exchange.send(file("text/html; charset=utf-8", page));
  } else if (path == "/explorer/composer.js") {
    exchange.send(file("text/javascript; charset=utf-8", script));
  } else if (path == "/explorer/config.json") {
    exchange.send_json(R"({"url":"/explorer/swagger.json"})");
  } else if (path == "/explorer/swagger.json") {
    exchange.send_json(context.swagger);
  } else if (path == "/favicon.ico" || path.starts_with("/explorer/")) {
    exchange.send(plain(404, "Cannot " + exchange.http.method + " " + path));
  } else {
    return false;
  }
  return true;
}

}  // namespace powershare::gateway::composer
