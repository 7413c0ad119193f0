package provision

import (
	"context"

	"github.com/ata-agent/ata-agent/config"
)

// follower keeps the connection on which a server says that there is something
// new, as long as the configuration names the same server.
type follower struct {
	listen func(ctx context.Context, p *config.Provision, nudge func()) error
	nudge  func()
	failed func(error)

	of   config.ProvisionPush
	ca   string
	stop func() // nil: there is no connection
}

// follow holds the connection of a configuration.
func (f *follower) follow(ctx context.Context, p *config.Provision) {
	if f.listen == nil || f.stop != nil && f.of == p.Push && f.ca == p.Trust.CA {
		return
	}
	f.end()
	if p.Push.URL == "" {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	f.of, f.ca, f.stop = p.Push, p.Trust.CA, func() { cancel(); <-done }
	go func() {
		defer close(done)
		if err := f.listen(ctx, p, f.nudge); err != nil {
			f.failed(err)
		}
	}()
}

// end closes the connection and waits for it.
func (f *follower) end() {
	if f.stop != nil {
		f.stop()
		f.stop = nil
	}
}
