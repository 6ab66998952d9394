/**
 * Writes docs/options.md: every option with its effect and default from its docstring, and what is accepted from the
 * schema that checks it. Reads the sources, so nothing has to be built.
 *
 * Usage: node scripts/options-doc.mjs [file]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');
const target = resolve(process.argv[2] ?? resolve(root, 'docs/options.md'));

const SERVICE_SCHEMA = 'src/client/service-schema.ts';
const HEALTH_SCHEMA = 'src/client/health-schema.ts';
const WIRE_SCHEMA = 'src/client/wire-schema.ts';
const RETRY_SCHEMA = 'src/client/retry-schema.ts';
const BALANCER_SCHEMA = 'src/client/balancer-schema.ts';
const ADMISSION_SCHEMA = 'src/client/admission-schema.ts';
const REGISTRY = 'src/control/resolvers/registry-options.ts';
/** Title, introduction, interface, its file, and the schema of its members: a constant and the file it is in. */
// One line a section, or this would be most of the file.
// prettier-ignore
const SECTIONS = [
  ['Client', 'The argument of `createClient`.', 'ClientOptions', 'src/client/options.ts', 'clientSchema', 'src/client/client-settings.ts'],
  ['Service', '`services.<name>`, or `defaults` for all of them.', 'ServiceOptions', 'src/client/options.ts', 'serviceSchema', SERVICE_SCHEMA],
  ['`cache`', 'How answers of discovery are kept.', 'CacheSettings', 'src/control/discovery/cache-settings.ts', 'cache', SERVICE_SCHEMA],
  ['`retry`', 'When a call is tried again after its request may have reached an endpoint.', 'RetrySettings', 'src/data/retry-settings.ts', 'retry', RETRY_SCHEMA],
  ['`retry.budget`', 'What the retries of one service may cost together.', 'RetryBudgetSettings', 'src/data/retry-settings.ts', 'retry.budget', RETRY_SCHEMA],
  ['`propagate`', 'What the next service is told about a call.', 'PropagationSettings', 'src/data/propagation.ts', 'propagate', RETRY_SCHEMA],
  ['`hedge`', 'When a second attempt may run beside the first.', 'HedgeSettings', 'src/data/hedging/hedge-settings.ts', 'hedge', SERVICE_SCHEMA],
  ['`healthCheck`', 'How endpoints are asked whether they are well. `healthCheck: {}` takes these defaults.', 'HealthCheckSettings', 'src/control/health/health-check-settings.ts', 'healthCheck', HEALTH_SCHEMA],
  ['`drain`', 'What is made of endpoints that say they are leaving.', 'DrainSettings', 'src/control/drain/drain-settings.ts', 'drain', HEALTH_SCHEMA],
  ['`breaker`', 'When calls are refused because most of them failed; see [resilience](resilience.md#the-breaker). `breaker: {}` takes these defaults.', 'BreakerSettings', 'src/data/admission/breaker-settings.ts', 'breaker', ADMISSION_SCHEMA],
  ['`ejection`', 'When an endpoint is taken out of use, and for how long.', 'EjectionSettings', 'src/control/health/ejection-settings.ts', 'ejection', HEALTH_SCHEMA],
  ['`ejection.successRate`', 'Which endpoints are outliers by success rate. `successRate: {}` takes these defaults.', 'SuccessRateSettings', 'src/control/health/success-rate.ts', 'successRate', HEALTH_SCHEMA],
  ['`ejection.latency`', 'Which endpoints are outliers by latency. `latency: {}` takes these defaults.', 'LatencyOutlierSettings', 'src/control/health/latency-outlier.ts', 'latency', HEALTH_SCHEMA],
  ['`slowStart`', 'How new and returned endpoints get to their weight. `slowStart: {}` takes these defaults.', 'SlowStartSettings', 'src/control/slow-start-settings.ts', 'slowStart', SERVICE_SCHEMA],
  ['`throttle`', 'When a client sheds its own calls, so that an overloaded service comes back; see [resilience](resilience.md#adaptive-throttling).', 'ThrottleSettings', 'src/data/admission/throttle-settings.ts', 'throttle', ADMISSION_SCHEMA],
  ['`subset`', 'Which endpoints of a large service this client uses. `subset: {}` takes these defaults.', 'SubsetSettings', 'src/control/subset-settings.ts', 'subset', SERVICE_SCHEMA],
  ['`locality`', 'How calls prefer endpoints near the client; see [zones and regions](balancing.md#zones-and-regions).', 'LocalitySettings', 'src/control/locality-settings.ts', 'locality', SERVICE_SCHEMA],
  ['`limits`', 'Bounds on what is in flight.', 'LimitSettings', 'src/data/balancer-settings.ts', 'limits', ADMISSION_SCHEMA],
  ['`limits.queue`', '`queue: {}` takes these defaults.', 'LimitQueueSettings', 'src/data/admission/limit-queue-settings.ts', 'queue', ADMISSION_SCHEMA],
  ['`limits.adaptive`', '`adaptive: {}` takes these defaults.', 'AdaptiveLimitSettings', 'src/data/admission/gradient-settings.ts', 'adaptive', ADMISSION_SCHEMA],
  ['`transport`', 'Connections to each endpoint. They have no effect while the application has a global dispatcher of its own; a `warning` event says so.', 'TransportSettings', 'src/data/transport/transport-settings.ts', 'transport', WIRE_SCHEMA],
  ['`tls`', 'See [transport](transport.md#tls).', 'TlsSettings', 'src/data/transport/tls-settings.ts', 'tls', WIRE_SCHEMA],
  ['`allow`', 'Which addresses discovery and redirects may send requests to.', 'AddressPolicyOptions', 'src/kit/address-policy.ts', 'allow', SERVICE_SCHEMA],
  ["`balancer: { policy: 'peak-ewma' }`", 'See [balancing](balancing.md).', 'PeakEwmaOptions', 'src/data/policy-options.ts', 'peakEwma', BALANCER_SCHEMA],
  ["`balancer: { policy: 'weighted-round-robin' }`", 'See [balancing](balancing.md).', 'WeightedRoundRobinOptions', 'src/data/policy-options.ts', 'weightedRoundRobin', BALANCER_SCHEMA],
  ["`balancer: { policy: 'ring-hash' | 'maglev' | 'rendezvous' }`", 'What the three have in common.', 'HashOptions', 'src/data/policy-options.ts', 'rendezvous', BALANCER_SCHEMA],
  ["`balancer: { policy: 'ring-hash' }`", 'Besides those.', 'RingHashOptions', 'src/data/policy-options.ts', 'ringHash', BALANCER_SCHEMA],
  ["`balancer: { policy: 'maglev' }`", 'Besides those.', 'MaglevOptions', 'src/data/policy-options.ts', 'maglev', BALANCER_SCHEMA],
  ['Per call', '`init.fairlead` of `client.fetch` and `client.request`.', 'CallOptions', 'src/client/options.ts', 'callSchema', 'src/client/call-schema.ts'],
  ['`dnsResolver(name, options)`', 'See [DNS](resolvers/dns.md).', 'DnsResolverOptions', 'src/control/resolvers/dns-resolver.ts', 'OPTIONS', 'src/control/resolvers/dns-resolver.ts'],
  ['`dnsResolver(name, { union })`', '`union: {}` takes all of these defaults.', 'DnsUnionOptions', 'src/control/resolvers/dns/address-union.ts', 'OPTIONS.union', 'src/control/resolvers/dns-resolver.ts'],
  ['`registryResolver(options)`', 'See [discovery](discovery.md).', 'RegistryResolverOptions', REGISTRY, 'OPTIONS', REGISTRY],
  ['`registryResolver({ longPoll })`', '`longPoll: true` takes all of these defaults.', 'LongPollOptions', 'src/control/resolvers/poll-style.ts', 'OPTIONS.longPoll', REGISTRY],
  ['`registryResolver({ sse })`', '`sse: true` takes all of these defaults.', 'SseOptions', REGISTRY, 'OPTIONS.sse', REGISTRY],
  ['`fileResolver(path, options)`', 'See [discovery](discovery.md#files).', 'FileResolverOptions', 'src/control/resolvers/file-resolver.ts', 'OPTIONS', 'src/control/resolvers/file-resolver.ts'],
  ['`envResolver(name, options)`', 'See [discovery](discovery.md#environment-variables).', 'EnvResolverOptions', 'src/control/resolvers/env-resolver.ts', 'OPTIONS', 'src/control/resolvers/env-resolver.ts'],
  ['`consulResolver(options)`', 'See [Consul](resolvers/consul.md).', 'ConsulResolverOptions', 'src/control/resolvers/consul/consul-options.ts', 'OPTIONS', 'src/control/resolvers/consul/consul-options.ts'],
  ['`etcdResolver(options)`', 'See [etcd](resolvers/etcd.md).', 'EtcdResolverOptions', 'src/control/resolvers/etcd/etcd-options.ts', 'OPTIONS', 'src/control/resolvers/etcd/etcd-options.ts'],
  ['`eurekaResolver(options)`', 'See [Eureka](resolvers/eureka.md).', 'EurekaResolverOptions', 'src/control/resolvers/eureka/eureka-options.ts', 'OPTIONS', 'src/control/resolvers/eureka/eureka-options.ts'],
  ['`nacosResolver(options)`', 'See [Nacos](resolvers/nacos.md).', 'NacosResolverOptions', 'src/control/resolvers/nacos/nacos-options.ts', 'OPTIONS', 'src/control/resolvers/nacos/nacos-options.ts'],
  ['`kubernetesResolver(options)`', 'See [Kubernetes](resolvers/kubernetes.md).', 'KubernetesResolverOptions', 'src/control/resolvers/kubernetes/kubernetes-options.ts', 'OPTIONS', 'src/control/resolvers/kubernetes/kubernetes-options.ts'],
  ['`kubernetesResolver({ kubeconfig })`', '`kubeconfig: {}` takes these defaults.', 'KubeconfigOptions', 'src/control/resolvers/kubernetes/kubernetes-options.ts', 'KUBECONFIG', 'src/control/resolvers/kubernetes/kubernetes-options.ts'],
];

const INTRODUCTION = `<!-- Written by scripts/options-doc.mjs from the docstrings; change those. -->

# Options

Durations are milliseconds and their names end in \`Ms\`. Shares are ratios from 0 to 1. 0 means 0. An unknown key or a
value out of range throws \`ERR_INVALID_OPTION\` when the client is made; the message names the option's path, the bound
and the value. The objects you pass are copied, never changed.

Members of \`cache\`, \`retry\`, \`hedge\`, \`ejection\`, \`throttle\`, \`limits\` and \`transport\` can be given one by one; the others keep their
defaults. \`retry: false\`, \`hedge: false\`, \`ejection: false\` and \`throttle: false\` switch the whole part off.`;

const sources = new Map();
function sourceOf(file) {
  if (!sources.has(file)) {
    const text = readFileSync(resolve(root, file), 'utf8');
    sources.set(file, ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
  return sources.get(file);
}

/** Name, documentation and default of each member. */
function membersOf(name, file) {
  const declaration = sourceOf(file).statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === name,
  );
  if (declaration === undefined) throw new Error(`${file} declares no interface ${name}`);
  let inherited;
  return declaration.members.map((member) => {
    const { jsDoc } = member;
    const doc = jsDoc?.at(-1);
    const tag = doc?.tags?.find(({ tagName }) => tagName.text === 'default');
    // Members that share one docstring stand together, the docstring at the first.
    inherited = textOf(doc?.comment) || inherited;
    return {
      name: member.name.getText(),
      text: textOf(doc?.comment) || inherited || '',
      standard: textOf(tag?.comment),
    };
  });
}

function textOf(comment) {
  const text = typeof comment === 'string' ? comment : (ts.getTextOfJSDocComment(comment) ?? '');
  return text
    .replace(/\{@link (\w+)\s*\}/g, '`$1`')
    .replace(/(\d)_(?=\d{3})/g, '$1 ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The schema's fields as syntax: those of a constant, or of a member of it. */
function fieldsOf(path, file) {
  const [constant, ...members] = path.split('.');
  let fields = objectLiteralIn(constantOf(constant, file));
  for (const member of members) fields = objectLiteralIn(propertyOf(fields, member));
  return fields;
}

/** Schemas of a service's options are spread over several files, and use each other's. */
const SERVICE_SCHEMAS = [SERVICE_SCHEMA, BALANCER_SCHEMA, RETRY_SCHEMA, ADMISSION_SCHEMA, HEALTH_SCHEMA, WIRE_SCHEMA];

function constantOf(name, file) {
  for (const candidate of new Set([file, ...SERVICE_SCHEMAS])) {
    for (const statement of sourceOf(candidate).statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name: declared, initializer } of statement.declarationList.declarations)
        if (declared.getText() === name && initializer !== undefined) return initializer;
    }
  }
  throw new Error(`no schema declares ${name}`);
}

function objectLiteralIn(node) {
  if (node !== undefined && ts.isObjectLiteralExpression(node)) return node;
  if (node !== undefined && ts.isCallExpression(node)) return objectLiteralIn(node.arguments[0]);
  throw new Error(`no fields in ${node?.getText().slice(0, 60)}`);
}

function propertyOf(object, name) {
  for (const property of object.properties) {
    if (ts.isSpreadAssignment(property)) {
      // `...other.fields`: those of another schema in the same file.
      const { expression: other } = property.expression;
      const spread = objectLiteralIn(constantOf(other.getText(), other.getSourceFile().fileName));
      if (spread.properties.some((inner) => inner.name.getText() === name)) return propertyOf(spread, name);
      continue;
    }
    if (property.name.getText() !== name) continue;
    return ts.isShorthandPropertyAssignment(property) ? property.name : property.initializer;
  }
  throw new Error(`the schema has no field ${name}`);
}

/** What a schema accepts, in words. */
function accepts(node, file) {
  if (ts.isIdentifier(node)) return accepts(constantOf(node.text, file), file);
  const [first, second] = node.arguments;
  const number = (argument) => evaluate(argument, file);
  switch (node.expression.getText()) {
    case 'durationMs':
      return range(
        'ms',
        first === undefined ? 0 : number(first),
        second === undefined ? 2_147_483_647 : number(second),
      );
    case 'ratio':
      return '0–1';
    case 'number': {
      const bound = (name) => number(propertyOf(first, name));
      const isInteger = first.getText().includes('integer: true');
      return range(isInteger ? 'integer' : 'number', bound('min'), bound('max'));
    }
    case 'boolean':
      return '`true`, `false`';
    case 'string':
    case 'secret':
      return 'string';
    case 'func':
      return 'function';
    case 'urlLike':
      return 'URL';
    case 'registryTls':
      return '`{ ca, cert, key, serverName }`';
    case 'oneOf':
      return first.elements.map((literal) => `\`${literal.getText()}\``).join(', ');
    case 'oneOfFalse':
      return '`false`';
    case 'any':
      return ANY_WORDS.get(first.text) ?? first.text;
    case 'arrayOf':
      return `array of ${accepts(first, file)}`;
    case 'unshown':
      return accepts(first, file);
    case 'record':
      return 'object';
    case 'object':
    case 'partial':
    case 'tagged':
      return 'object, see below';
    case 'offOr':
      return `\`false\`, ${accepts(first, file)}`;
    case 'required':
      return `${accepts(first, file)}; **required**`;
    case 'union':
      return node.arguments.map((member) => accepts(member, file)).join(', ');
    default:
      throw new Error(`unknown schema ${node.getText()}`);
  }
}

/** Without the explanation that an error message wants. */
const ANY_WORDS = new Map([
  ['a resolver (an object with `kind` and `resolve` or `watch`)', 'resolver'],
  ['a clock (an object with `now` and `setTimer`)', 'Clock'],
  ['a source of randomness (an object with `next`)', 'Random'],
  ['a PEM text, a buffer, or an array of these', 'PEM text, buffer, or an array of these'],
  ['a buffer', 'buffer'],
  ['a URL', 'URL'],
  ['the headers of a request', 'headers'],
  ['false', '`false`'],
]);

function evaluate(node, file) {
  if (ts.isIdentifier(node)) return evaluate(constantOf(node.text, file), file);
  if (ts.isBinaryExpression(node)) return evaluate(node.left, file) * evaluate(node.right, file);
  return Number(node.getText().replaceAll('_', ''));
}

function range(noun, min, max) {
  const digits = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
  return `${noun}, ${digits(min)}–${digits(max)}`;
}

const RANGE_SENTENCE =
  / (?:Milliseconds|Integer|Number|Ratio|Factor|Range|Retries per second),? [\d\s`\w–]+(?:\.\d+)?(?:–[\d\s]+)?\.$/;

function section([title, introduction, name, file, schema, schemaFile]) {
  const fields = fieldsOf(schema, schemaFile);
  const rows = membersOf(name, file).map((member) => {
    const cells = [
      `\`${member.name}\``,
      accepts(propertyOf(fields, member.name), schemaFile),
      member.standard || '–',
      // The range is in the column before.
      member.text.replace(RANGE_SENTENCE, ''),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    `## ${title}`,
    '',
    introduction,
    '',
    '| option | accepts | default | effect |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

const text = [INTRODUCTION, ...SECTIONS.map(section)].join('\n\n') + '\n';
const style = (await resolveConfig(resolve(root, 'docs/options.md'))) ?? {};
writeFileSync(target, await format(text, { ...style, parser: 'markdown' }));
