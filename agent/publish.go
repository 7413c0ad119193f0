package agent

import (
	"context"
	"fmt"

	"github.com/ata-agent/ata-agent/sip"
)

// Publish tells a collector something by the account of a line, counted from 1, and
// waits for the answer or the end of ctx. The line does not notice.
func (a *Agent) Publish(ctx context.Context, line int, p sip.Publication) (sip.Published, error) {
	if line < 1 || line > len(a.ports) {
		return sip.Published{}, fmt.Errorf("agent: publish: there is no line %d", line)
	}
	ua := a.ports[line-1].agents.served.Load()
	if ua == nil {
		return sip.Published{}, fmt.Errorf("agent: publish: line %d: %w", line, errEnded)
	}
	return ua.Publish(ctx, p)
}
