// The interactive reference: Swagger UI for /openapi.json, with a field for the API key and with the samples
// of an operation above its responses.
"use strict";

const key = document.getElementById("api-key");

// Adds the API key of the field to requests to this server, unless a key was set with Authorize.
function withKey(request) {
  const isSameOrigin = new URL(request.url, location.href).origin === location.origin;
  const sent = Object.keys(request.headers).map((name) => name.toLowerCase());
  const hasKey = ["authorization", "x-api-key", "x-dotfile-api-key"].some((name) => sent.includes(name));
  if (isSameOrigin && key.value && !hasKey) request.headers["Authorization"] = `Bearer ${key.value}`;
  return request;
}

function Samples(React) {
  return function SamplesOf({ samples }) {
    const [chosen, choose] = React.useState(0);
    const tabs = samples.map((sample, index) =>
      React.createElement("button", {
        key: sample.label,
        type: "button",
        role: "tab",
        "aria-selected": index === chosen,
        onClick: () => choose(index),
      }, sample.label));
    return React.createElement("section", { className: "samples" },
      React.createElement("h4", null, "Samples"),
      React.createElement("div", { role: "tablist" }, tabs),
      React.createElement("pre", null, samples[chosen].source));
  };
}

function samplesPlugin(system) {
  const React = system.React;
  const SamplesOf = Samples(React);
  return {
    wrapComponents: {
      responses: (Original) => (props) => {
        const found = system.specSelectors.specJson()
          .getIn(["paths", props.path, props.method, "x-codeSamples"]);
        const samples = found ? found.toJS() : [];
        return React.createElement(React.Fragment, null,
          samples.length > 0 && React.createElement(SamplesOf, { samples }),
          React.createElement(Original, props));
      },
    },
  };
}

window.ui = SwaggerUIBundle({
  url: document.getElementById("reference").dataset.document,
  dom_id: "#reference",
  deepLinking: true,
  displayOperationId: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  persistAuthorization: true,
  requestInterceptor: withKey,
  plugins: [samplesPlugin],
  presets: [SwaggerUIBundle.presets.apis],
});

document.getElementById("credentials").addEventListener("submit", (event) => event.preventDefault());
