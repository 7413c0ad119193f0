// Package telemetry tells operators and owners how the device fares: metrics,
// reports and logs, each field declared once in fields.go and let out by the
// filter of package privacy alone.
//
//	Collectors ──▶ Registry ──┬──▶ /metrics (when asked)
//	reports, logs ────────────┤
//	                          └──▶ queue ──▶ one sender per receiver ──▶ OTLP, HTTPS, MQTT, syslog
//
// Nothing here is in the way of a call: collectors read snapshots, receivers
// that are slow or gone fill a bounded queue.
package telemetry
