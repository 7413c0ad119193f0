package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
)

// counter counts requests to provisioning servers; *telemetry.Operations is one.
type counter interface {
	Requested(scheme, code string, took time.Duration)
	Untrusted()
}

// counted is a client whose requests are counted, each file by itself.
type counted struct {
	provision.Client
	counter counter
}

// Get implements provision.Client.
func (c *counted) Get(ctx context.Context, url string, have fetch.Validator) (*fetch.Document, error) {
	begin := time.Now()
	d, err := c.Client.Get(ctx, url, have)
	c.asked(url, d, err, time.Since(begin))
	return d, err
}

// Fetch implements provision.Client.
func (c *counted) Fetch(ctx context.Context, r fetch.Request) (*fetch.Document, error) {
	begin := time.Now()
	d, err := c.Client.Fetch(ctx, r)
	c.asked(r.URL, d, err, time.Since(begin))
	return d, err
}

func (c *counted) asked(url string, d *fetch.Document, err error, took time.Duration) {
	code := codeOf(err)
	if r, ok := errors.AsType[*fetch.Refusal](err); ok && r.Reason == fetch.Untrusted {
		c.counter.Untrusted()
	}
	if err == nil && d.Unchanged {
		code = "304"
	}
	c.counter.Requested(schemeOf(url), code, took)
}

// Report implements provision.Client.
func (c *counted) Report(ctx context.Context, url string, body []byte) error {
	begin := time.Now()
	err := c.Client.Report(ctx, url, body)
	c.counter.Requested(schemeOf(url), codeOf(err), time.Since(begin))
	return err
}

// codeOf is the class of the server's answer.
func codeOf(err error) string {
	if err == nil {
		return "2xx"
	}
	if r, ok := errors.AsType[*fetch.Refusal](err); ok && (r.Status/100 == 4 || r.Status/100 == 5) {
		return fmt.Sprintf("%dxx", r.Status/100)
	}
	return "error"
}

func schemeOf(url string) string {
	scheme, _, _ := strings.Cut(url, ":")
	return strings.ToLower(scheme)
}

// origin says whose configuration is in force.
func origin(layers []config.Layer) string {
	if slices.ContainsFunc(layers, isServers) {
		return "server"
	}
	return "local"
}
