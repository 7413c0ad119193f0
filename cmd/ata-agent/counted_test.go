package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/provision/profile"
)

// tally is a counter that keeps what it is told.
type tally struct{ told []string }

func (t *tally) Requested(scheme, code string, _ time.Duration) {
	t.told = append(t.told, scheme+" "+code)
}

func (t *tally) Untrusted() { t.told = append(t.told, "untrusted") }

// answers is a client that has one answer to each URL.
type answers map[string]error

func (a answers) Fetch(_ context.Context, r fetch.Request) (*fetch.Document, error) {
	if err := a[r.URL]; err != nil {
		return nil, err
	}
	return &fetch.Document{Unchanged: strings.HasSuffix(r.URL, "known")}, nil
}

func (a answers) Get(ctx context.Context, url string, _ fetch.Validator) (*fetch.Document, error) {
	return a.Fetch(ctx, fetch.Request{URL: url})
}

func (a answers) Report(_ context.Context, url string, _ []byte) error { return a[url] }

func (a answers) Close() {}

// Each file that is asked for counts: those that a persona tries, and those that a
// profile names.
func TestRequestsAreCounted(t *testing.T) {
	count := &tally{}
	var client provision.Client = &profile.Client{Files: []string{"own.xml", "all.xml"}, Client: &counted{answers{
		"https://a.test/own.xml": &fetch.Refusal{Reason: fetch.NotFound, Status: 404},
		"tftp://a.test/b":        errors.New("nobody"),
		"https://a.test/c":       &fetch.Refusal{Reason: fetch.Untrusted},
		"https://a.test/report":  &fetch.Refusal{Reason: fetch.Busy, Status: 503},
	}, count}}
	ctx := t.Context()
	_, _ = client.Get(ctx, "https://a.test/", fetch.Validator{})
	_, _ = client.Get(ctx, "https://a.test/known", fetch.Validator{})
	_, _ = client.Fetch(ctx, fetch.Request{URL: "tftp://a.test/b"})
	_, _ = client.Fetch(ctx, fetch.Request{URL: "https://a.test/c"})
	_ = client.Report(ctx, "https://a.test/report", nil)
	want := "[https 4xx https 2xx https 304 tftp error untrusted https error https 5xx]"
	if got := fmt.Sprint(count.told); got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
}
