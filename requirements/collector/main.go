// Package main is an OpenTelemetry Collector with one way in, its own OTLP receiver, and one way out, a file.
//
// The receiver and everything around it are the Collector's; only the writing of lines is ours, for
// the Collector's own file exporter lies in a module that cannot be had everywhere.
package main

import (
	"context"
	"log"
	"os"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

type config struct {
	Path string `mapstructure:"path"`
}

var writing sync.Mutex

func appendLine(path string, line []byte) error {
	writing.Lock()
	defer writing.Unlock()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(append(line, '\n'))
	return err
}

func logs(ctx context.Context, set exporter.Settings, c component.Config) (exporter.Logs, error) {
	encode := plog.JSONMarshaler{}
	return exporterhelper.NewLogs(ctx, set, c, func(_ context.Context, data plog.Logs) error {
		line, err := encode.MarshalLogs(data)
		if err != nil {
			return err
		}
		return appendLine(c.(*config).Path, line)
	})
}

func traces(ctx context.Context, set exporter.Settings, c component.Config) (exporter.Traces, error) {
	encode := ptrace.JSONMarshaler{}
	return exporterhelper.NewTraces(ctx, set, c, func(_ context.Context, data ptrace.Traces) error {
		line, err := encode.MarshalTraces(data)
		if err != nil {
			return err
		}
		return appendLine(c.(*config).Path, line)
	})
}

func components() (otelcol.Factories, error) {
	lines := exporter.NewFactory(
		component.MustNewType("lines"),
		func() component.Config { return &config{} },
		exporter.WithLogs(logs, component.StabilityLevelDevelopment),
		exporter.WithTraces(traces, component.StabilityLevelDevelopment),
	)
	var all otelcol.Factories
	var err error
	if all.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory()); err != nil {
		return all, err
	}
	all.Telemetry = otelconftelemetry.NewFactory()
	all.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](lines)
	return all, err
}

func main() {
	settings := otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "collector", Version: "0"},
		Factories: components,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			DefaultScheme:     "file",
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
		}},
	}
	if err := otelcol.NewCommand(settings).Execute(); err != nil {
		log.Fatal(err)
	}
}
