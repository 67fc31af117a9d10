// The few pages that a peer serves besides the web application: / where there is none, /explorer/v1
// shows the API from its OpenAPI document.
#include "gateway/json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "gateway/web_pages.hpp"

namespace powershare::gateway {
namespace {

constexpr auto content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr auto home_page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Power Share</title>
<link rel="stylesheet" href="/explorer/v1/style.css">
</head>
<body>
<main>
<h1>Power Share</h1>
<p>This is one peer of a neighbourhood that trades its electricity among its own homes. Meters send
their readings here; the peers of the neighbourhood agree on every trade, and each of them keeps the
whole ledger.</p>
<ul>
<li><a href="/explorer/v1">Explore the API</a></li>
<li><a href="/v1/status">Where this peer stands</a></li>
<li><a href="/v1/blocks">The newest blocks</a></li>
<li><a href="/v1/ledger/totals">The ledger's totals</a></li>
<li><a href="/v1/openapi.json">The API's description (OpenAPI)</a></li>
</ul>
</main>
</body>
</html>
)";

constexpr auto explorer_page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Power Share: API explorer</title>
<link rel="stylesheet" href="/explorer/v1/style.css">
</head>
<body>
<main>
<h1>API explorer</h1>
<p id="about">Reading the description…</p>
<p><label>API key <input id="key" type="password" autocomplete="off"></label>
<label>Token of a log-in <input id="token" type="password" autocomplete="off"></label></p>
<div id="operations"></div>
</main>
<script src="/explorer/v1/explorer.js"></script>
</body>
</html>
)";

constexpr auto style_sheet =
    R"(body { font-family: system-ui, sans-serif; margin: 0; color: #1c2733; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
details { border: 1px solid #c5ced8; border-radius: 4px; margin: 0.4rem 0; padding: 0.4rem 0.8rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 3.5rem; color: #0b5c8a; }
label { display: block; margin: 0.4rem 0; }
input, textarea { font: inherit; width: 100%; max-width: 40rem; box-sizing: border-box; }
textarea { min-height: 7rem; font-family: monospace; }
pre { background: #f2f5f8; padding: 0.6rem; overflow: auto; max-height: 30rem; }
)";

constexpr auto explorer_script = R"('use strict';

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

async function send(method, path, operation, inputs, body, output) {
  let target = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const [parameter, input] of inputs) {
    if (input.value === '') continue;
    if (parameter.in === 'path') {
      target = target.replace('{' + parameter.name + '}', encodeURIComponent(input.value));
    } else if (parameter.in === 'query') {
      query.set(parameter.name, input.value);
    } else {
      headers[parameter.name] = input.value;
    }
  }
  const key = document.getElementById('key').value;
  if (key !== '') headers['x-api-key'] = key;
  const token = document.getElementById('token').value;
  if (token !== '') headers['authorization'] = 'Bearer ' + token;
  const file = body && body.files ? body.files[0] : null;
  if (body) headers['content-type'] = file ? file.type : 'application/json';
  const search = query.toString();
  if (search !== '') target += '?' + search;
  output.textContent = '…';
  try {
    const content = body && body.files ? file : body ? body.value : undefined;
    const answer = await fetch(target, {method, headers, body: content});
    const text = await answer.text();
    let shown = text;
    try {
      JSON.parse(text);
      shown = indent(text);
    } catch (error) {
      shown = text;
    }
    output.textContent = answer.status + ' ' + answer.statusText + '\n\n' + shown;
  } catch (error) {
    output.textContent = String(error);
  }
}

// Lays out JSON text without parsing its numbers, so that no digit is lost.
function indent(text) {
  let out = '';
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (quoted) {
      out += c;
      if (c === '\\') out += text[++i];
      else if (c === '"') quoted = false;
    } else if (c === '"') {
      quoted = true;
      out += c;
    } else if (c === '{' || c === '[') {
      depth += 1;
      out += c + '\n' + '  '.repeat(depth);
    } else if (c === '}' || c === ']') {
      depth -= 1;
      out += '\n' + '  '.repeat(depth) + c;
    } else if (c === ',') {
      out += c + '\n' + '  '.repeat(depth);
    } else if (c === ':') {
      out += ': ';
    } else {
      out += c;
    }
  }
  return out;
}

// "open", or what has to be sent: "x-api-key", "Authorization: Bearer".
function openedBy(operation, schemes) {
  const ways = [];
  for (const way of operation.security) {
    const names = Object.keys(way).map((name) => {
      const scheme = schemes[name];
      return scheme.type === 'apiKey' ? scheme.name : 'Authorization: Bearer';
    });
    ways.push(names.length === 0 ? 'open' : names.join(' and '));
  }
  return ways.join(', or ');
}

function show(method, path, operation, schemes) {
  const box = element('details');
  const head = element('summary');
  head.append(element('b', method.toUpperCase()), ' ' + path);
  box.append(head, element('p', operation.summary),
             element('p', 'Access: ' + openedBy(operation, schemes)));
  const inputs = [];
  for (const parameter of operation.parameters) {
    const label = element('label', parameter.name + ': ' + parameter.description);
    const input = element('input');
    label.append(input);
    box.append(label);
    inputs.push([parameter, input]);
  }
  let body = null;
  if (operation.requestBody) {
    const kinds = operation.requestBody.content;
    const content = kinds['application/json'];
    const label = element('label', content ? 'body' : 'file');
    body = element(content ? 'textarea' : 'input');
    label.append(body);
    box.append(label);
    if (content) {
      const schema = element('details');
      schema.append(element('summary', 'what the body may be'),
                    element('pre', JSON.stringify(content.schema, null, 2)));
      box.append(schema);
    } else {
      body.type = 'file';
      body.accept = Object.keys(kinds).join(',');
    }
  }
  const output = element('pre');
  const streams = '200' in operation.responses && operation.responses['200'].content &&
      'text/event-stream' in operation.responses['200'].content;
  if (!streams) {
    const button = element('button', 'Send');
    button.addEventListener('click', () => {
      send(method.toUpperCase(), path, operation, inputs, body, output);
    });
    box.append(button, output);
  }
  return box;
}

async function main() {
  const answer = await fetch('/v1/openapi.json');
  const description = await answer.json();
  document.getElementById('about').textContent = description.info.description;
  const list = document.getElementById('operations');
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      list.append(show(method, path, operation, description.components.securitySchemes));
    }
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
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Content-Security-Policy", content_security_policy}};
  return response;
}

net::HttpResponse redirect(std::string_view location) {
  net::HttpResponse response;
  response.status = 302;
  response.content_type = "text/plain; charset=utf-8";
  response.headers = {{"Location", std::string(location)}};
  return response;
}

void add_page(Router& router, std::string path, std::string summary, std::string type,
              std::vector<int> statuses, std::function<net::HttpResponse(const Request&)> answer) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = std::move(path);
  info.summary = std::move(summary);
  info.response_type = std::move(type);
  info.statuses = std::move(statuses);
  router.add(std::move(info),
             [answer = std::move(answer)](const Request& request, const Responder& responder) {
               responder.send(answer(request));
             });
}

}  // namespace

void add_page_routes(Router& router, const ServicesPtr& services) {
  add_page(router, "/", "What this is, for people; other clients are sent to the explorer.",
           "text/html", {200, 302}, [services](const Request& request) {
             if (!wants_page(request.http)) return redirect("/explorer/");
             auto page = web_page(services->options.web_peers, request.http);
             return page ? *std::move(page) : file("text/html; charset=utf-8", home_page);
           });
  add_page(router, "/explorer/v1", "A page to read and try this API.", "text/html", {200},
           [](const Request&) { return file("text/html; charset=utf-8", explorer_page); });
  add_page(router, "/explorer/v1/explorer.js", "The explorer's script.", "text/javascript", {200},
           [](const Request&) { return file("text/javascript; charset=utf-8", explorer_script); });
  add_page(router, "/explorer/v1/style.css", "The pages' style.", "text/css", {200},
           [](const Request&) { return file("text/css; charset=utf-8", style_sheet); });

  RouteInfo peers;
  peers.method = "GET";
  peers.pattern = "/v1/peers";
  peers.summary =
      "Where the chain's peers answer browsers. Whoever has no answer from one asks the next.";
  peers.response_schema = object_schema({{"peers", array_schema(R"({"type":"string"})")}});
  router.add(std::move(peers), [services](const Request&, const Responder& responder) {
    json::Writer out;
    out.begin_object().key("peers").begin_array();
    for (const auto& peer : services->options.web_peers) out.string(peer);
    out.end_array().end_object();
    responder.send(json_response(std::move(out).take()));
  });

  RouteInfo info;
  info.method = "GET";
  info.pattern = "/v1/openapi.json";
  info.summary = "This document.";
  info.response_schema = R"({"type":"object"})";
  router.add(std::move(info), [services](const Request&, const Responder& responder) {
    responder.send(json_response(services->openapi));
  });
}

}  // namespace powershare::gateway
