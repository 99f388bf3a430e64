{{/* Name of everything the chart makes: the release's, with the chart's added where it is not in there. */}}
{{- define "operator.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "operator.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "operator.labels" -}}
{{ include "operator.selector" . }}
app.kubernetes.io/part-of: influxaddon
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "operator.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "operator.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/*
Metadata of a catalogue entry; the argument is (dict "root" $ "name" …).

Helm looks up every kind of a release before it makes anything, so on the very first installation, when the API is not
there yet, the catalogue cannot be part of the release: it is made by a post-install hook. With the marks of ownership
below, the next upgrade takes these objects into the release as if they had always been in it.
*/}}
{{- define "operator.catalogueMetadata" -}}
metadata:
  name: {{ .name | quote }}
  labels:
    {{- include "operator.labels" .root | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
    meta.helm.sh/release-name: {{ .root.Release.Name }}
    meta.helm.sh/release-namespace: {{ .root.Release.Namespace }}
    {{- if not (.root.Capabilities.APIVersions.Has "influxaddon.dev/v1alpha1") }}
    helm.sh/hook: post-install,post-upgrade
    {{- end }}
{{- end -}}
