/**
 * Every file of the page, by the path that it is served under. A test compares the list with the folder.
 *
 * @module
 */
import chartsCellsJs from "../static/charts/cells.js" with { type: "text" };
import chartsChannelChartJs from "../static/charts/channel_chart.js" with { type: "text" };
import chartsColourJs from "../static/charts/colour.js" with { type: "text" };
import chartsExtentJs from "../static/charts/extent.js" with { type: "text" };
import chartsFigureJs from "../static/charts/figure.js" with { type: "text" };
import chartsFigureStyleJs from "../static/charts/figure_style.js" with { type: "text" };
import chartsHistoryJs from "../static/charts/history.js" with { type: "text" };
import chartsLaneJs from "../static/charts/lane.js" with { type: "text" };
import chartsOverlaysJs from "../static/charts/overlays.js" with { type: "text" };
import chartsQuietJs from "../static/charts/quiet.js" with { type: "text" };
import chartsScheduleJs from "../static/charts/schedule.js" with { type: "text" };
import chartsSparkJs from "../static/charts/spark.js" with { type: "text" };
import chartsTicksJs from "../static/charts/ticks.js" with { type: "text" };
import chartsVerdictPictureJs from "../static/charts/verdict_picture.js" with { type: "text" };
import coreAlertsJs from "../static/core/alerts.js" with { type: "text" };
import coreAnalyticsJs from "../static/core/analytics.js" with { type: "text" };
import coreApiJs from "../static/core/api.js" with { type: "text" };
import coreBacktestsJs from "../static/core/backtests.js" with { type: "text" };
import coreCsvJs from "../static/core/csv.js" with { type: "text" };
import coreDomJs from "../static/core/dom.js" with { type: "text" };
import coreFormatJs from "../static/core/format.js" with { type: "text" };
import coreLiveJs from "../static/core/live.js" with { type: "text" };
import coreModelJs from "../static/core/model.js" with { type: "text" };
import coreOrdersJs from "../static/core/orders.js" with { type: "text" };
import coreRecentJs from "../static/core/recent.js" with { type: "text" };
import coreRouterJs from "../static/core/router.js" with { type: "text" };
import coreSessionJs from "../static/core/session.js" with { type: "text" };
import coreShapesJs from "../static/core/shapes.js" with { type: "text" };
import coreStatesJs from "../static/core/states.js" with { type: "text" };
import coreSyncJs from "../static/core/sync.js" with { type: "text" };
import coreTabsJs from "../static/core/tabs.js" with { type: "text" };
import cssAnalyticsCss from "../static/css/analytics.css" with { type: "text" };
import cssBacktestCss from "../static/css/backtest.css" with { type: "text" };
import cssBaseCss from "../static/css/base.css" with { type: "text" };
import cssExplanationsCss from "../static/css/explanations.css" with { type: "text" };
import cssFiguresCss from "../static/css/figures.css" with { type: "text" };
import cssGridCss from "../static/css/grid.css" with { type: "text" };
import cssLanesCss from "../static/css/lanes.css" with { type: "text" };
import cssOverviewCss from "../static/css/overview.css" with { type: "text" };
import cssPartsCss from "../static/css/parts.css" with { type: "text" };
import cssPredictCss from "../static/css/predict.css" with { type: "text" };
import cssSensorCss from "../static/css/sensor.css" with { type: "text" };
import cssTokensCss from "../static/css/tokens.css" with { type: "text" };
import cssViewsCss from "../static/css/views.css" with { type: "text" };
import faviconSvg from "../static/favicon.svg" with { type: "text" };
import indexHtml from "../static/index.html" with { type: "text" };
import mainJs from "../static/main.js" with { type: "text" };
import themeJs from "../static/theme.js" with { type: "text" };
import viewsAlertActionsJs from "../static/views/alert_actions.js" with { type: "text" };
import viewsAlertLogJs from "../static/views/alert_log.js" with { type: "text" };
import viewsAnalyticsJs from "../static/views/analytics.js" with { type: "text" };
import viewsApartJs from "../static/views/apart.js" with { type: "text" };
import viewsBacktestJs from "../static/views/backtest.js" with { type: "text" };
import viewsBacktestFormJs from "../static/views/backtest_form.js" with { type: "text" };
import viewsBacktestReportJs from "../static/views/backtest_report.js" with { type: "text" };
import viewsCardJs from "../static/views/card.js" with { type: "text" };
import viewsCorrelationJs from "../static/views/correlation.js" with { type: "text" };
import viewsCountsJs from "../static/views/counts.js" with { type: "text" };
import viewsDetectionJs from "../static/views/detection.js" with { type: "text" };
import viewsDetectionTablesJs from "../static/views/detection_tables.js" with { type: "text" };
import viewsEmptyJs from "../static/views/empty.js" with { type: "text" };
import viewsFederationJs from "../static/views/federation.js" with { type: "text" };
import viewsFederationTablesJs from "../static/views/federation_tables.js" with { type: "text" };
import viewsFloodsJs from "../static/views/floods.js" with { type: "text" };
import viewsFooterJs from "../static/views/footer.js" with { type: "text" };
import viewsGridJs from "../static/views/grid.js" with { type: "text" };
import viewsHeaderJs from "../static/views/header.js" with { type: "text" };
import viewsLanesJs from "../static/views/lanes.js" with { type: "text" };
import viewsLiveJs from "../static/views/live.js" with { type: "text" };
import viewsOverviewJs from "../static/views/overview.js" with { type: "text" };
import viewsPeriodJs from "../static/views/period.js" with { type: "text" };
import viewsPredictJs from "../static/views/predict.js" with { type: "text" };
import viewsProfileJs from "../static/views/profile.js" with { type: "text" };
import viewsRangeJs from "../static/views/range.js" with { type: "text" };
import viewsRenameJs from "../static/views/rename.js" with { type: "text" };
import viewsScreenJs from "../static/views/screen.js" with { type: "text" };
import viewsSensorJs from "../static/views/sensor.js" with { type: "text" };
import viewsSensorAlarmsJs from "../static/views/sensor_alarms.js" with { type: "text" };
import viewsSensorChoiceJs from "../static/views/sensor_choice.js" with { type: "text" };
import viewsSensorNetworkJs from "../static/views/sensor_network.js" with { type: "text" };
import viewsTablesJs from "../static/views/tables.js" with { type: "text" };
import viewsToolbarJs from "../static/views/toolbar.js" with { type: "text" };
import viewsVerdictPanelJs from "../static/views/verdict_panel.js" with { type: "text" };
import viewsWhyJs from "../static/views/why.js" with { type: "text" };
import viewsWindowsJs from "../static/views/windows.js" with { type: "text" };
import viewsWorstJs from "../static/views/worst.js" with { type: "text" };

/** The page's files: path to text. */
export const files: Readonly<Record<string, string>> = {
  "/static/charts/cells.js": chartsCellsJs,
  "/static/charts/channel_chart.js": chartsChannelChartJs,
  "/static/charts/colour.js": chartsColourJs,
  "/static/charts/extent.js": chartsExtentJs,
  "/static/charts/figure.js": chartsFigureJs,
  "/static/charts/figure_style.js": chartsFigureStyleJs,
  "/static/charts/history.js": chartsHistoryJs,
  "/static/charts/lane.js": chartsLaneJs,
  "/static/charts/overlays.js": chartsOverlaysJs,
  "/static/charts/quiet.js": chartsQuietJs,
  "/static/charts/schedule.js": chartsScheduleJs,
  "/static/charts/spark.js": chartsSparkJs,
  "/static/charts/ticks.js": chartsTicksJs,
  "/static/charts/verdict_picture.js": chartsVerdictPictureJs,
  "/static/core/alerts.js": coreAlertsJs,
  "/static/core/analytics.js": coreAnalyticsJs,
  "/static/core/api.js": coreApiJs,
  "/static/core/backtests.js": coreBacktestsJs,
  "/static/core/csv.js": coreCsvJs,
  "/static/core/dom.js": coreDomJs,
  "/static/core/format.js": coreFormatJs,
  "/static/core/live.js": coreLiveJs,
  "/static/core/model.js": coreModelJs,
  "/static/core/orders.js": coreOrdersJs,
  "/static/core/recent.js": coreRecentJs,
  "/static/core/router.js": coreRouterJs,
  "/static/core/session.js": coreSessionJs,
  "/static/core/shapes.js": coreShapesJs,
  "/static/core/states.js": coreStatesJs,
  "/static/core/sync.js": coreSyncJs,
  "/static/core/tabs.js": coreTabsJs,
  "/static/css/analytics.css": cssAnalyticsCss,
  "/static/css/backtest.css": cssBacktestCss,
  "/static/css/base.css": cssBaseCss,
  "/static/css/explanations.css": cssExplanationsCss,
  "/static/css/figures.css": cssFiguresCss,
  "/static/css/grid.css": cssGridCss,
  "/static/css/lanes.css": cssLanesCss,
  "/static/css/overview.css": cssOverviewCss,
  "/static/css/parts.css": cssPartsCss,
  "/static/css/predict.css": cssPredictCss,
  "/static/css/sensor.css": cssSensorCss,
  "/static/css/tokens.css": cssTokensCss,
  "/static/css/views.css": cssViewsCss,
  "/static/favicon.svg": faviconSvg,
  "/static/index.html": indexHtml,
  "/static/main.js": mainJs,
  "/static/theme.js": themeJs,
  "/static/views/alert_actions.js": viewsAlertActionsJs,
  "/static/views/alert_log.js": viewsAlertLogJs,
  "/static/views/analytics.js": viewsAnalyticsJs,
  "/static/views/apart.js": viewsApartJs,
  "/static/views/backtest.js": viewsBacktestJs,
  "/static/views/backtest_form.js": viewsBacktestFormJs,
  "/static/views/backtest_report.js": viewsBacktestReportJs,
  "/static/views/card.js": viewsCardJs,
  "/static/views/correlation.js": viewsCorrelationJs,
  "/static/views/counts.js": viewsCountsJs,
  "/static/views/detection.js": viewsDetectionJs,
  "/static/views/detection_tables.js": viewsDetectionTablesJs,
  "/static/views/empty.js": viewsEmptyJs,
  "/static/views/federation.js": viewsFederationJs,
  "/static/views/federation_tables.js": viewsFederationTablesJs,
  "/static/views/floods.js": viewsFloodsJs,
  "/static/views/footer.js": viewsFooterJs,
  "/static/views/grid.js": viewsGridJs,
  "/static/views/header.js": viewsHeaderJs,
  "/static/views/lanes.js": viewsLanesJs,
  "/static/views/live.js": viewsLiveJs,
  "/static/views/overview.js": viewsOverviewJs,
  "/static/views/period.js": viewsPeriodJs,
  "/static/views/predict.js": viewsPredictJs,
  "/static/views/profile.js": viewsProfileJs,
  "/static/views/range.js": viewsRangeJs,
  "/static/views/rename.js": viewsRenameJs,
  "/static/views/screen.js": viewsScreenJs,
  "/static/views/sensor.js": viewsSensorJs,
  "/static/views/sensor_alarms.js": viewsSensorAlarmsJs,
  "/static/views/sensor_choice.js": viewsSensorChoiceJs,
  "/static/views/sensor_network.js": viewsSensorNetworkJs,
  "/static/views/tables.js": viewsTablesJs,
  "/static/views/toolbar.js": viewsToolbarJs,
  "/static/views/verdict_panel.js": viewsVerdictPanelJs,
  "/static/views/why.js": viewsWhyJs,
  "/static/views/windows.js": viewsWindowsJs,
  "/static/views/worst.js": viewsWorstJs,
};
